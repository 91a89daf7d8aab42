import { Worker } from 'node:worker_threads'
import { exportCar } from '@theater/event-chain/car'
import { guest } from '@theater/guests'
import { verify } from '@theater/replay/node'
import type { ChainSource, Verdict } from '@theater/replay'
import { describe, expect, it } from 'vitest'
import { draftsOf, draft, forge } from './support/forge.ts'
import { probe } from './support/probe.ts'
import { load, record } from './support/record.ts'

/** Verifies in a thread whose stack has another size. */
async function verifyOn({ store, chain }: ChainSource, stackSizeMb: number): Promise<Verdict> {
  const parts: Uint8Array[] = []
  for await (const part of exportCar(store, [chain])) parts.push(part)
  const worker = new Worker(new URL('support/verify-worker.ts', import.meta.url), {
    resourceLimits: { stackSizeMb },
    execArgv: ['--conditions=theater-source'],
    workerData: Buffer.concat(parts),
  })
  try {
    return await new Promise<Verdict>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  } finally {
    await worker.terminate()
  }
}

/** As if nothing counted the depth: then the engine's own stack is what ends. */
const limits = { depth: 0x7fff_ffff, fuel: 100_000_000_000 }

describe('an engine with another stack', () => {
  it('does not accuse: what was recorded on a larger one is inconclusive on a smaller', async () => {
    const steps = [
      { fn: 'note', args: [1] },
      { fn: 'deep', args: [12_000] },
    ]
    const deep = await record({ ...(await probe(steps)), limits })
    expect(deep.ends.map(({ tag }) => tag)).toEqual(['return', 'return', 'return'])
    expect(await verify(deep, { load })).toMatchObject({ verdict: 'verified', turns: 2 })
    expect(await verifyOn(deep, 0.5)).toMatchObject({ verdict: 'inconclusive', code: 'host-stack', index: 5 })
  })

  it('accepts a turn that ended because the stack did, on any other', async () => {
    const steps = [
      { fn: 'note', args: [1] },
      { fn: 'deep', args: [100_000_000] },
    ]
    const over = await record({ ...(await probe(steps)), limits })
    expect(over.ends.map((end) => ('code' in end ? end.code : end.tag))).toEqual([
      'return',
      'return',
      'host-stack',
    ])
    expect(await verify(over, { load })).toMatchObject({ verdict: 'verified', turns: 1, undone: 1 })
    expect(await verifyOn(over, 0.5)).toMatchObject({ verdict: 'verified' })
    // That the guest trapped there is a claim about the guest, and this engine cannot tell.
    const drafts = await draftsOf(over)
    const trapped = drafts.with(-1, draft('trap', { code: 'guest', fuel: null }))
    expect(await verify(await forge(trapped, over.store), { load })).toMatchObject({ code: 'host-stack' })
  })
})

describe('a guest that catches what it can', () => {
  const handler = {
    interfaces: ['test:trap/host'],
    functions: Object.fromEntries(
      ['plain', 'fails', 'answers', 'survived'].map((name) => [
        `test:trap/host#${name}`,
        { mode: 'sync', effect: 'read' } as const,
      ]),
    ),
    imports: {
      'test:trap/host': {
        plain: () => undefined,
        fails: () => undefined,
        answers: () => 'yes',
        survived: () => undefined,
      },
    },
  }

  it.each(['try-plain', 'try-fails', 'try-answers'])('does not outlive its record: %s', async (fn) => {
    const recording = await record({ component: guest('catcher'), handler, steps: [{ fn }, { fn }] })
    expect(await verify(recording, { load })).toMatchObject({ verdict: 'verified', turns: 2 })
    const drafts = await draftsOf(recording)
    const [turn, call] = [2, 3]
    expect(drafts.slice(turn, 6).map(({ kind }) => kind)).toEqual(['turn', 'call', 'call', 'return'])
    // The record says that the turn was ended in the call: whatever the guest catches, nothing more is asked of it.
    const abort = draft('abort', { code: 'deadline', call: null, status: null })
    const ended = await forge([...drafts.slice(0, call), abort], recording.store)
    expect(await verify(ended, { load })).toMatchObject({ verdict: 'verified', undone: 1 })
    // A call that the guest did not make: it is ended at once, and cannot put something else into the report.
    const other = await forge(drafts.with(call, drafts[call + 1] ?? abort), recording.store)
    expect(await verify(other, { load })).toMatchObject({
      verdict: 'diverged',
      index: call,
      actual: { kind: 'call' },
    })
  })
})
