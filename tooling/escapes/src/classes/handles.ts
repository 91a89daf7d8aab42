/** What a guest does with numbers that stand for resources. */
import { relayed, relayGuest } from '@theater/guests/relay'
import { fs } from '@theater/handler-fs'
import { http } from '@theater/handler-http'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { type Called, outcomeOf, stage, type Stage } from '../stage.ts'

const descriptor = (name: string): string => relayed(`wasi:filesystem/types@0.2#[method]descriptor.${name}`)
const DROP = relayed('wasi:filesystem/types@0.2#[drop]descriptor')

/** A guest that holds one descriptor. */
async function within(attempt: (made: Stage, held: number) => Promise<Outcome>): Promise<Outcome> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'theater-escapes-')))
  try {
    writeFileSync(join(folder, 'a.txt'), 'hello')
    await using made = await stage(relayGuest('fs'), {
      handlers: [fs()],
      grants: { fs: { mounts: { '/data': { host: folder, rights: 'rw' } } } },
    })
    const { value } = await made.call(relayed('wasi:filesystem/preopens@0.2#get-directories'))
    const [first] = value as [number, string][]
    return await attempt(made, first?.[0] ?? -1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The guest is to be ended by it; any answer is one to a handle that it does not have. */
function ended(called: Called): Outcome {
  return called.failed === undefined
    ? through(`it was answered: ${called.err ?? JSON.stringify(called.value)}`)
    : outcomeOf(called)
}

const common = { class: 'handles' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'handles/forged',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: () =>
      variants([0, 2, 9999, 0x7fff_ffff, 0xffff_ffff], (number) =>
        within(async (made) => ended(await made.call(descriptor('stat'), [number]))),
      ),
  },
  {
    ...common,
    id: 'handles/used-after-it-was-dropped',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: () =>
      within(async (made, held) => {
        await made.call(DROP, [held])
        return ended(await made.call(descriptor('stat'), [held]))
      }),
  },
  {
    ...common,
    id: 'handles/dropped-twice',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: () =>
      within(async (made, held) => {
        await made.call(DROP, [held])
        return ended(await made.call(DROP, [held]))
      }),
  },
  {
    ...common,
    id: 'handles/of-another-type',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: () =>
      within(async (made, held) =>
        ended(await made.call(relayed('wasi:io/streams@0.2#[method]input-stream.read'), [held, 10n])),
      ),
  },
  {
    ...common,
    id: 'handles/of-another-actor',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: () =>
      within(async (made) => {
        await made.theater.spawn({ id: 'other', component: relayGuest('fs'), grants: { fs: { mounts: {} } } })
        return ended(await made.call(descriptor('stat'), [1], 'other'))
      }),
  },
  {
    ...common,
    id: 'handles/given-away-and-used',
    guard: 'jco',
    code: 'trapped: guest',
    attempt: async () => {
      await using made = await stage(relayGuest('http'), { handlers: [http()], grants: { http: {} } })
      const { value: fields } = await made.call(relayed('wasi:http/types@0.2#[constructor]fields'))
      await made.call(relayed('wasi:http/types@0.2#[constructor]outgoing-request'), [fields])
      return ended(await made.call(relayed('wasi:http/types@0.2#[method]fields.has'), [fields, 'x']))
    },
  },
  {
    ...common,
    id: 'handles/without-end',
    guard: 'handle-count',
    code: 'trapped: memory',
    attempt: async () => {
      await using made = await stage(relayGuest('http'), {
        handlers: [http()],
        grants: { http: {} },
        limits: { handles: 20 },
      })
      for (let i = 0; i < 40; i++) {
        const called = await made.call(relayed('wasi:http/types@0.2#[constructor]fields'))
        if (called.failed !== undefined) return stopped(called.failed)
      }
      return through('it holds more than it may')
    },
  },
  {
    ...common,
    id: 'handles/timers-without-end',
    guard: 'handle-count',
    code: 'trapped: memory',
    // The boundary's own, which no handler counts.
    attempt: async () => {
      await using made = await stage(relayGuest('http'), {
        handlers: [http()],
        grants: { http: {} },
        limits: { handles: 20 },
      })
      for (let i = 0; i < 40; i++) {
        const called = await made.call(relayed('wasi:clocks/monotonic-clock@0.2#subscribe-duration'), [
          1_000_000_000_000n,
        ])
        if (called.failed !== undefined) return stopped(called.failed)
      }
      return through('it holds more than it may')
    },
  },
]
