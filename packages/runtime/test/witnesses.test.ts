import type { ServerResponse } from 'node:http'
import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import {
  HostLog,
  latestCheckpoint,
  parseNote,
  SigningKey,
  verifyCosignatures,
} from '@theater/event-chain/log'
import { guest } from '@theater/guests'
import { Theater } from '@theater/runtime'
import type { CheckpointOptions, LogLine } from '@theater/runtime'
import { describe, expect, it, vi } from 'vitest'
import { spineHandler } from './support/spine-handler.ts'
import { WitnessServer } from './support/witness-server.ts'
import { cache } from './support/kept.ts'

const key = await SigningKey.generate('host.example/theater')
const witnessKey = await SigningKey.generate('witness.example/w1', 'cosignature')
const spine = { component: guest('spine'), grants: { spine: {} } }

async function open(
  store: LoggedStore,
  url: string,
  options: Partial<CheckpointOptions> = {},
): Promise<{ theater: Theater; lines: LogLine[] }> {
  const lines: LogLine[] = []
  const theater = await Theater.open({
    cache,
    store,
    handlers: [spineHandler({ calls: [] })],
    checkpoints: {
      log: await HostLog.open({ store, key }),
      everyTurns: 1,
      retryMs: 1,
      witnesses: [{ key: witnessKey.verifier, url }],
      ...options,
    },
    log: (line) => lines.push(line),
  })
  return { theater, lines }
}

const codes = (lines: readonly LogLine[]): (string | undefined)[] =>
  lines.map(({ level, fields }) => `${level} ${new Map(fields).get('code') ?? ''}`)

async function cosigned(store: LoggedStore): Promise<number> {
  const latest = await latestCheckpoint(store)
  if (latest === undefined) return 0
  const by = await verifyCosignatures(parseNote(latest.note), [witnessKey.verifier])
  return by.length === 0 ? 0 : latest.size
}

describe('a host with a witness', () => {
  it('has all that it signs cosigned, the last of it when it ends, and what it could not when it is opened', async () => {
    const store = memoryStore()
    await using witness = new WitnessServer(witnessKey)
    const url = await witness.listen()
    const { theater, lines } = await open(store, url)
    await theater.spawn({ id: 'a', ...spine })
    await theater.call('a', 'run', [1])
    await vi.waitFor(async () => expect(await cosigned(store)).toBeGreaterThan(0))
    await theater.close()
    const { size } = await store.hostLog.log()
    expect(await cosigned(store)).toBe(size)
    expect(theater.witnesses()).toMatchObject([
      { url, size, of: size, fault: null, failed: 0, key: { name: 'witness.example/w1' } },
    ])
    expect(lines).toEqual([])
    // As of a host that was killed before it was answered.
    await store.hostLog.keepWitness({ key: witnessKey.verifier.toString(), url, note: null, fault: null })
    expect(await cosigned(store)).toBe(0)
    const again = await open(store, url, { everyTurns: 1000 })
    await vi.waitFor(async () => expect(await cosigned(store)).toBe(size))
    await again.theater.close()
    await store.close()
  })

  it('waits for it at no turn, however slow it is, and asks it about the last checkpoint alone', async () => {
    const store = memoryStore()
    await using witness = new WitnessServer(witnessKey)
    const held: ServerResponse[] = []
    witness.instead = (response) => held.push(response) > 0
    const { theater } = await open(store, await witness.listen(), { closeMs: 10 })
    await theater.spawn({ id: 'a', ...spine })
    for (let i = 0; i < 20; i++) await theater.call('a', 'run', [i])
    await vi.waitFor(async () => expect((await store.hostLog.log()).size).toBeGreaterThan(1))
    await vi.waitFor(() => expect(held).toHaveLength(1))
    expect([witness.asked, await cosigned(store)]).toEqual([1, 0])
    // Nor does it hold the end of the host up for long.
    await theater.close()
    expect(theater.witnesses()).toMatchObject([{ size: 0, fault: { code: 'unreachable' } }])
    witness.instead = () => false
    const { theater: again } = await open(store, theater.witnesses()[0]?.url ?? '')
    await again.close()
    expect(await cosigned(store)).toBe((await store.hostLog.log()).size)
  })

  it('says once that it is down, goes on, and says that it is back', async () => {
    const store = memoryStore()
    await using witness = new WitnessServer(witnessKey)
    witness.instead = (response) => {
      response.writeHead(503).end('not now\n')
      return true
    }
    const { theater, lines } = await open(store, await witness.listen())
    await theater.spawn({ id: 'a', ...spine })
    for (let i = 0; i < 5; i++) await theater.call('a', 'run', [1])
    await vi.waitFor(() => expect(witness.asked).toBeGreaterThan(3))
    expect(codes(lines)).toEqual(['warn witness-unreachable'])
    expect(theater.witnesses()[0]?.failed).toBeGreaterThan(2)
    witness.instead = () => false
    await vi.waitFor(() => expect(codes(lines)).toEqual(['warn witness-unreachable', 'info witness']))
    expect(lines[1]?.message).toContain('witness.example/w1 cosigned all')
    await theater.close()
    await store.close()
  })

  it('whose store was put back, or written anew, gets no cosignature more, and says why', async () => {
    await using witness = new WitnessServer(witnessKey)
    const url = await witness.listen()
    const first = memoryStore()
    const before = await open(first, url)
    await before.theater.spawn({ id: 'a', ...spine })
    for (let i = 0; i < 5; i++) await before.theater.call('a', 'run', [1])
    await before.theater.close()
    const saw = witness.seen
    const second = memoryStore()
    const after = await open(second, url)
    await after.theater.spawn({ id: 'a', ...spine })
    await after.theater.call('a', 'run', [2])
    await vi.waitFor(() => expect(codes(after.lines)).toEqual(['error witness-other-log']))
    expect(after.lines[0]?.message).toMatch(/witness\.example\/w1 did not cosign .*cut back/)
    for (let i = 0; i < saw.size + 3; i++) await after.theater.call('a', 'run', [2])
    await after.theater.close()
    expect(codes(after.lines)).toEqual(['error witness-other-log'])
    expect(after.theater.witnesses()).toMatchObject([{ size: 0, fault: { code: 'other-log' } }])
    expect([await cosigned(second), witness.seen]).toEqual([0, saw])
  })

  it('has none that is no witness', async () => {
    const store = memoryStore()
    await expect(open(store, 'witness.example')).rejects.toMatchObject({ code: 'invalid' })
    const witnesses = [{ key: key.verifier, url: 'https://witness.example/' }]
    await expect(open(store, '', { witnesses })).rejects.toMatchObject({ code: 'bad-key' })
    await expect(open(store, 'https://witness.example/', { retryMs: 0 })).rejects.toMatchObject({
      code: 'bad-limit',
    })
    await expect(open(store, 'https://witness.example/', { closeMs: 0.5 })).rejects.toMatchObject({
      code: 'bad-limit',
    })
  })
})
