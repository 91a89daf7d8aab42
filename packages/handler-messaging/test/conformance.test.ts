import { fakeActor } from '@theater/handler-conformance'
import { conformance } from '@theater/handler-conformance/vitest'
import { messaging } from '../src/index.ts'

const CLIENT = 'theater:messaging/client@0.1'
const message = { format: 'text/plain', body: new Uint8Array([1, 2, 3]) }
const answered = { tag: 'answered', val: { tag: 'ok', val: message } } as const

conformance({
  name: 'messaging',
  make: () => {
    const actors: ReturnType<typeof fakeActor>[] = []
    const known = new Map([[1, Promise.resolve(answered)]])
    return {
      handler: messaging(),
      actor: (id) => (actors.push(fakeActor({ id, known, onRequest: () => answered })), actors.at(-1)!),
      state: () => actors.flatMap((actor) => [...actor.sent]),
    }
  },
  bare: messaging,
  grants: [{ to: ['*'] }, { to: ['a*', 'b'] }, { to: ['actor', 'b'] }, { to: ['a'] }],
  least: { to: [] },
  refusable: [`${CLIENT}#send`, `${CLIENT}#[static]pending.finish`],
  calls: [
    { fn: `${CLIENT}#send`, args: () => ['reporter', message], refusedUnder: { to: ['other'] } },
    {
      fn: `${CLIENT}#request`,
      args: () => ['reporter', message, 1000],
      refusedUnder: { to: ['reporter2', 'report'] },
      makes: `${CLIENT}#pending`,
      resumes: true,
    },
    {
      fn: `${CLIENT}#[static]pending.finish`,
      args: (made) => [made(`${CLIENT}#request`)],
      refusedUnder: { to: [] },
    },
  ],
})
