import { random } from '@theater/handler-random'

const handler = random()

console.log(handler.within({ live: true }, { live: true }))
console.log(Object.keys(handler.functions).join('\n'))
