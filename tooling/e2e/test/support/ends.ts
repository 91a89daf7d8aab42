// A host that is in the middle of everything and then lets go: `node ends.ts close|stop`. It has to end by itself.
import { ask, courier, get, grants, message, peek, sleep, Stage } from './courier.ts'

const [how] = process.argv.slice(2)
const stage = await Stage.open({}, { a: {}, b: {}, c: {}, d: {} })
const gates = [1, 3, 4].map((n) => stage.world.gate(n))
const turns = [
  stage.run('a', [sleep(1_000_000)]),
  stage.run('b', ask('c', [peek(1)], 1_000_000)),
  stage.run('d', [peek(4)]),
  stage.run('d', [get]),
  stage.theater.spawn({ id: 'e', component: courier.bytes, grants, params: message([peek(3)]) }),
]
for (const turn of turns) turn.catch(() => undefined)
await Promise.all(gates.map(({ reached }) => reached))
if (how === 'stop') for (const id of ['a', 'b', 'c', 'd', 'e']) await stage.theater.stop(id)
await stage.theater.close()
