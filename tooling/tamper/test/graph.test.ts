import { readFileSync } from 'node:fs'
import { encodeMessage } from '@theater/actor/message'
import { diskCache } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { decodeContent, memoryStore } from '@theater/event-chain'
import type { Turn } from '@theater/event-chain'
import { bytesSource, exportCar, openCar } from '@theater/event-chain/car'
import { log } from '@theater/handler-log'
import { messaging } from '@theater/handler-messaging'
import { componentLoader, joinVerdicts, verify, verifyCar, verifyGraph } from '@theater/replay/node'
import type { ChainSource, GraphReport } from '@theater/replay'
import { Theater } from '@theater/runtime'
import { copyChain, edited, relink } from '@theater/tamper'
import type { Change, Copy } from '@theater/tamper'
import { describe, expect, it } from 'vitest'

const component = new Uint8Array(
  readFileSync(new URL('../../guests/kit-counter/kit-counter.wasm', import.meta.url)),
)

describe('two TypeScript actors that send and request', async () => {
  const cache = await diskCache(transpiled)
  const load = componentLoader({ cache })
  const store = memoryStore()
  {
    await using theater = await Theater.open({ store, handlers: [messaging(), log()], cache })
    const grants = { messaging: { to: ['*'] }, log: {} }
    for (const id of ['a', 'b']) await theater.spawn({ id, component, grants })
    const ask = (to: string, type: string, body?: unknown) => theater.request(to, encodeMessage(type, body))
    await ask('a', 'forward', { to: 'b', by: 7 })
    await theater.idle()
    await ask('a', 'ask', { to: 'b' })
    await ask('a', 'both', { first: 'b', second: 'b' })
    await ask('b', 'forward', { to: 'b', by: 1 })
    await theater.idle()
  }
  const sources = (await store.list()).map(({ chain }): ChainSource => ({ store, chain }))
  const [a, b] = sources as [ChainSource, ChainSource]
  const copy = await copyChain(b)
  const arrivals = copy.drafts.flatMap(({ kind, content }, at) =>
    kind === 'turn' && decodeContent('turn', content).cause !== null ? [at] : [],
  )
  const check = (...chains: ChainSource[]): Promise<GraphReport> => verifyGraph(chains, { load })

  it('are verified, with every message that went between them', async () => {
    const report = await check(a, b)
    expect(report.verdicts.map(({ verdict }) => verdict)).toEqual(['verified', 'verified'])
    expect(arrivals).toHaveLength(5)
    expect(report).toMatchObject({ held: 5, unchecked: [] })
  })

  it('are verified from a file, and alone as far as that goes', async () => {
    const chains = sources.map(({ chain }) => chain)
    const file = Buffer.concat(await Array.fromAsync(exportCar(store, chains)))
    const car = await openCar(bytesSource(new Uint8Array(file)))
    expect(await verifyCar(car, { load })).toMatchObject({
      verdicts: [{ verdict: 'verified' }, { verdict: 'verified' }],
      held: 5,
    })
    const alone = await check(b)
    expect(alone).toMatchObject({ verdicts: [{ verdict: 'verified' }], held: 1 })
    expect(alone.unchecked.map(({ why }) => why)).toEqual(Array(4).fill('not-given'))
  })

  function turnEdit(of: Copy, at: number, change: (turn: Turn) => Turn): Change[] {
    return of.drafts.map((draft, i): Change => (i === at ? (edited(draft, 'turn', change) ?? draft) : draft))
  }

  it.each<[string, (turn: Turn) => Turn]>([
    ['another sender', (turn) => ({ ...turn, sender: 'c' })],
    ['no sender', (turn) => ({ ...turn, sender: null })],
    ['no cause', (turn) => ({ ...turn, cause: null })],
    [
      'another event',
      (turn) => ({ ...turn, cause: turn.cause && { ...turn.cause, hash: new Uint8Array(32) } }),
    ],
    [
      'an event that is not there',
      (turn) => ({ ...turn, cause: turn.cause && { ...turn.cause, seq: 5000 } }),
    ],
    ['an event of its own', (turn) => ({ ...turn, cause: turn.cause && { ...turn.cause, seq: 3 } })],
  ])('a message from %s is verified alone and refused together', async (_what, change) => {
    for (const at of arrivals.slice(0, 2)) {
      const forged = relink(turnEdit(copy, at, change), store)
      expect(await verify(forged, { load })).toMatchObject({ verdict: 'verified' })
      const { verdicts } = await check(a, forged)
      expect(verdicts).toMatchObject([
        { verdict: 'verified' },
        { verdict: 'broken', index: at, reason: 'cause', actor: 'b' },
      ])
      const alone = [await verify(a, { load }), await verify(forged, { load })]
      expect((await joinVerdicts([a, forged], alone)).verdicts).toEqual(verdicts)
    }
  })

  it('a message that says something else is refused where it arrives', async () => {
    const [at = 0] = arrivals
    const forged = relink(
      turnEdit(copy, at, (turn) => {
        const args = turn.args.slice()
        const digit = args.lastIndexOf('7'.charCodeAt(0))
        args[digit] = '8'.charCodeAt(0)
        return { ...turn, args }
      }),
      store,
    )
    const { verdicts } = await check(a, forged)
    expect(verdicts[1]).toMatchObject({ verdict: 'broken', index: at, reason: 'cause' })
    // Alone it is another number that was added: found by what the actor answered from then on.
    const alone = await verify(forged, { load })
    expect(alone).toMatchObject({ verdict: 'diverged' })
    expect('index' in alone && alone.index > at).toBe(true)
  })
})
