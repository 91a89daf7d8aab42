import { encodeMessage } from '@theater/actor/message'
import { guest } from '@theater/guests'
import { builtActor } from './actors.ts'
import { stub } from './boundary.ts'
import type { Workload } from './boundary.ts'

/** A compiled guest whose one call crosses to three imports, and the host it is called with. */
export function compiledThree() {
  let balance = 0
  const host = {
    get: (_key: string) => balance,
    put: (_key: string, value: number) => {
      balance = value
    },
    note: (_value: number) => undefined,
  }
  const workload: Workload = {
    name: 'compiled guest, 3 imports',
    bytes: guest('three'),
    handler: stub('three', 'test:three/host', host),
    interfaces: ['test:three/host'],
    fn: 'call',
    args: [1],
    crossings: 3,
  }
  return { workload, host }
}

/** The same in TypeScript, on StarlingMonkey: a message is handled, and three lines are logged. */
export async function typescriptThree() {
  const host = { log: (_level: string, _message: string, _fields: unknown) => undefined }
  const responder = 'theater:messaging/responder@0.1.0'
  const workload: Workload = {
    name: 'TypeScript actor, 3 imports',
    bytes: await builtActor('three'),
    handler: stub('log', 'theater:actor/log@0.1', host),
    interfaces: ['theater:actor/log@0.1.0'],
    fn: `${responder}#handle-request`,
    args: [{ tag: 'host' }, encodeMessage('call', { by: 1 })],
    crossings: 3,
  }
  return { workload, host, responder }
}
