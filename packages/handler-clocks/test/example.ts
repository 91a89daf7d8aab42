import { clocks } from '@theater/handler-clocks'

// The machine's clocks, or those of a test.
const handler = clocks({ wall: () => 1_767_225_600_000_000_000n })

console.log(handler.within({ live: true }, { live: true }))
console.log(Object.keys(handler.functions).join('\n'))
