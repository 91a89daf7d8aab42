import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cGuest } from '@theater/guests'
import { defineHandler } from '@theater/handler'
import type { AnyHandler } from '@theater/handler'
import { messaging } from '@theater/handler-messaging'
import { Theater } from '@theater/runtime'
import type { Subject } from './measure.ts'

type Work = 'send' | 'request'

/** How many messages leave one turn. */
const BATCH = 16
const FORMAT = 'application/octet-stream'

/**
 * Messages from one actor to another, over those between two functions of one thread that have a `MessageChannel` between
 * them: the baseline, then ours.
 */
export async function messagePairs(
  stack: AsyncDisposableStack,
  folder: string,
): Promise<readonly { readonly name: string; readonly pair: readonly [Subject, Subject] }[]> {
  const stores: readonly (readonly [string, Store & AsyncDisposable])[] = [
    ['memory', memoryStore()],
    ['sqlite', sqliteStore(join(folder, 'message-chains.db'))],
  ]
  const pairs = []
  for (const [name, store] of stores) {
    stack.use(store)
    const ours = await couriers(stack, store)
    for (const work of ['send', 'request'] as const)
      pairs.push({ name: `${work}, ${name}`, pair: [channel(stack, work), ours(work)] as const })
  }
  return pairs
}

/** Two functions; the other one adds what it is sent, and answers the sum where it is asked. */
function channel(stack: AsyncDisposableStack, work: Work): Subject {
  const { port1, port2 } = new MessageChannel()
  stack.defer(() => port1.close())
  let sum = 0
  let received = (): void => undefined
  let left = 0
  port2.on('message', ({ body }: { readonly body: Uint8Array }) => {
    sum += body[0] ?? 0
    if (work === 'request') port2.postMessage({ format: FORMAT, body: Uint8Array.of(sum & 0xff) })
    else if (--left === 0) received()
  })
  port1.on('message', () => received())
  const send = (): void => port1.postMessage({ format: FORMAT, body: Uint8Array.of(1) })
  const answered = (): Promise<void> =>
    new Promise((resolve) => {
      received = resolve
    })
  return {
    name: 'plain',
    async run(n) {
      if (work === 'request') {
        for (let i = 0; i < n; i++) {
          const answer = answered()
          send()
          await answer
        }
        return
      }
      left = n
      const all = answered()
      for (let i = 0; i < n; i++) send()
      await all
    },
  }
}

/** Two couriers (`tooling/guests/c/courier.c`): the first sends so many a turn, each of which is a turn of the second. */
async function couriers(stack: AsyncDisposableStack, store: Store): Promise<(work: Work) => Subject> {
  const theater = stack.use(await Theater.open({ store, handlers: [messaging(), noWorld()] }))
  const grants = { messaging: { to: ['*'] }, courier: {} }
  for (const id of ['first', 'second']) await theater.spawn({ id, component: cGuest('courier'), grants })
  return (work) => ({
    name: work,
    async run(n) {
      for (let done = 0; done < n; done += BATCH) {
        const body = steps(work, Math.min(BATCH, n - done))
        const answer = await theater.request('first', { format: FORMAT, body })
        if (!('ok' in answer)) throw new Error(`the couriers failed: ${answer.err.code}`)
      }
      await theater.idle()
    },
  })
}

/** What a courier is told to do: so many messages to the other, each of which adds 1; a request waits for its answer. */
function steps(work: Work, times: number): Uint8Array {
  const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer)
  const code = (letter: string): Uint8Array => Buffer.from(letter)
  const sized = (bytes: Uint8Array): readonly Uint8Array[] => [u32(bytes.length), bytes]
  const add = sized(Buffer.concat([code('+'), u32(1)]))
  const to = sized(code('second'))
  return Buffer.concat(
    Array.from({ length: times }, (_, i) =>
      work === 'send'
        ? [code('s'), ...to, ...add]
        : [code('r'), ...to, u32(60_000), ...add, code('f'), u32(i)],
    ).flat(),
  )
}

/** What else a courier imports; it is told nothing that calls it. */
function noWorld(): AnyHandler {
  const track = 'test:courier/host'
  const nothing = (n: number): number => n
  const functions = ['mark', 'once', 'peek', 'quit']
  return defineHandler({
    name: 'courier',
    interfaces: [track],
    grant: { type: 'object', additionalProperties: false },
    functions: Object.fromEntries(
      functions.map((fn) => [`${track}#${fn}`, { mode: 'sync', effect: 'none' }]),
    ),
    within: () => true,
    authorize: () => true,
    bind: () => ({ imports: { [track]: Object.fromEntries(functions.map((fn) => [fn, nothing])) } }),
  })
}
