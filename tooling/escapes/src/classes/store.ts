/** What a guest does to get at what others keep in the store, and at the disk by way of it. */
import { relayed, relayGuest } from '@theater/guests/relay'
import { store, type StoreOptions } from '@theater/handler-store'
import type { Json } from '@theater/values'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'
import { type Called, outcomeOf, stage, type Stage } from '../stage.ts'

const blobs = (name: string): string => relayed(`theater:store/blobs@0.1#${name}`)
const transfers = (name: string): string => relayed(`theater:store/transfers@0.1#${name}`)
const labels = (name: string): string => relayed(`theater:store/labels@0.1#${name}`)
const secret = new TextEncoder().encode('the secret')

/** A guest and a neighbour, who keeps a secret under the label `secret`. */
async function within(
  grant: Json,
  attempt: (made: Stage, hash: Uint8Array) => Promise<Outcome>,
  options: StoreOptions = {},
): Promise<Outcome> {
  const handlers = [store(options)]
  await using made = await stage(relayGuest('store'), { handlers, grants: { store: grant } })
  await made.theater.spawn({
    id: 'neighbour',
    component: relayGuest('store'),
    grants: { store: { rights: ['read', 'write', 'label'] } },
  })
  const { value } = await made.call(blobs('put'), [secret], 'neighbour')
  const hash = value as Uint8Array
  await made.call(labels('set'), ['secret', undefined, hash], 'neighbour')
  return await attempt(made, hash)
}

/** Not what it was to find. */
function found({ value, ...rest }: Called): Outcome {
  return value === undefined && rest.err === undefined && rest.failed === undefined
    ? stopped('nothing')
    : value === undefined
      ? outcomeOf(rest)
      : through('it found what its neighbour keeps')
}

const common = { class: 'store' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'store/labels-that-look-like-paths',
    guard: 'store-names',
    code: 'bad-name',
    attempt: () =>
      within({ rights: ['read', 'write', 'label'] }, async (made) => {
        const { value } = await made.call(blobs('put'), [secret])
        const names = [
          '../neighbour/secret',
          '/secret',
          'a//b',
          './a',
          '..',
          'a\\..\\b',
          'a\0b',
          'a\nb',
          'x'.repeat(100_000),
          '',
        ]
        return variants(names, async (name) =>
          outcomeOf(await made.call(labels('set'), [name, undefined, value])),
        )
      }),
  },
  {
    ...common,
    id: 'store/the-label-of-another',
    guard: 'store-spaces',
    code: 'nothing',
    attempt: () =>
      within({ rights: ['read', 'write', 'label'] }, (made) =>
        variants(['secret', 'neighbour/secret', 'actor/neighbour/secret'], async (name) =>
          found(await made.call(labels('get'), [name])),
        ),
      ),
  },
  {
    ...common,
    id: 'store/the-hash-of-what-another-keeps',
    guard: 'store-spaces',
    code: 'not-found',
    attempt: () =>
      within({ rights: ['read', 'write', 'label'] }, async (made, hash) =>
        outcomeOf(await made.call(blobs('get'), [hash, 0n, 100n])),
      ),
  },
  {
    ...common,
    id: 'store/a-label-outside-of-its-prefix',
    guard: 'store-prefix',
    code: 'denied',
    attempt: () =>
      within({ rights: ['read', 'write', 'label'], labels: 'mine/' }, (made, hash) =>
        variants(['yours/a', 'mine', '', 'MINE/a', ' mine/a'], async (name) =>
          outcomeOf(await made.call(labels('set'), [name, undefined, hash])),
        ),
      ),
  },
  {
    ...common,
    id: 'store/changing-what-is-for-reading',
    guard: 'store-rights',
    code: 'denied',
    attempt: () =>
      within({ rights: ['read'] }, async (made) => outcomeOf(await made.call(blobs('put'), [secret]))),
  },
  {
    ...common,
    id: 'store/blobs-beyond-the-quota',
    guard: 'store-quota',
    code: 'quota',
    attempt: () =>
      within({ rights: ['read', 'write', 'label'], maxBytes: 100 }, async (made) => {
        for (let i = 0; i < 4; i++) {
          const put = await made.call(blobs('put'), [new Uint8Array(40).fill(i)])
          if (put.err !== undefined) return stopped(put.err)
        }
        return through('it keeps more than it may')
      }),
  },
  {
    ...common,
    id: 'store/labels-without-end',
    guard: 'store-labels',
    code: 'quota',
    attempt: () =>
      within(
        { rights: ['read', 'write', 'label'] },
        async (made) => {
          const { value } = await made.call(blobs('put'), [secret])
          for (let i = 0; i < 8; i++) {
            const set = await made.call(labels('set'), [`label-${i}`, undefined, value])
            if (set.err !== undefined) return stopped(set.err)
          }
          return through('it keeps more labels than it may')
        },
        { maxLabels: 4 },
      ),
  },
  {
    ...common,
    id: 'store/uploads-without-end',
    guard: 'store-uploads',
    code: 'too-many',
    attempt: () =>
      within(
        { rights: ['read', 'write', 'label'] },
        async (made) => {
          for (let i = 0; i < 8; i++) {
            const start = await made.call(transfers('start'), [])
            if (start.err !== undefined) return stopped(start.err)
          }
          return through('it has more uploads than it may')
        },
        { maxUploads: 4 },
      ),
  },
  {
    ...common,
    id: 'store/an-upload-beyond-the-quota',
    guard: 'store-upload-quota',
    code: 'quota',
    attempt: () =>
      within({ rights: ['read', 'write', 'label'], maxBytes: 100 }, async (made) => {
        const { value } = await made.call(transfers('start'), [])
        for (let i = 0n; i < 4n; i++) {
          const written = await made.call(transfers('[method]upload.write'), [
            value,
            i * 40n,
            new Uint8Array(40),
          ])
          if (written.err !== undefined) return stopped(written.err)
        }
        return through('it keeps more than it may')
      }),
  },
  {
    ...common,
    id: 'store/a-blob-larger-than-a-call',
    guard: 'store-call-bytes',
    code: 'too-large',
    attempt: () =>
      within(
        { rights: ['read', 'write', 'label'] },
        async (made) => outcomeOf(await made.call(blobs('put'), [new Uint8Array(2000)])),
        { maxCallBytes: 1000 },
      ),
  },
]
