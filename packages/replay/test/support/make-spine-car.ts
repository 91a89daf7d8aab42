// Records `spine.car`, the chain of the example. A chain of a released format is never recorded again: it is kept.
import { writeFileSync } from 'node:fs'
import { exportCar } from '@theater/event-chain/car'
import { record } from './record.ts'
import { spine } from './spine.ts'

const { store, chain } = await record({
  ...spine([{ fn: 'run', args: [3] }, { fn: 'boom' }, { fn: 'run', args: [2] }]),
  genesis: { actor: 'spine' },
})
const file = new URL('../spine.car', import.meta.url)
writeFileSync(file, Buffer.concat(await Array.fromAsync(exportCar(store, [chain]))))
process.exit()
