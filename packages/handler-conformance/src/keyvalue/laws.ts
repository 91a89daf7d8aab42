import assert from 'node:assert/strict'
import { inWorld } from '../caller.ts'
import { fakeActor } from '../fake-actor.ts'
import { bytes, errorOf, payloadOf, sorted } from '../outcome.ts'
import { Keys } from './part.ts'
import type { Bucket, Cas } from './part.ts'
import type { KeyvalueLaw, KeyvalueSubject, KeyvalueWorld } from './subject.ts'

/** What a law is made over. */
interface Site {
  readonly keys: Keys
  /** The bucket `a`. */
  readonly bucket: Bucket
  readonly world: KeyvalueWorld
  readonly subject: KeyvalueSubject
  /** The same actor's part after a restart. */
  readonly restart: () => Promise<Keys>
}

/** One for each thing that `wasi:keyvalue` says must be so, and for each that is promised beside it: of `store`, `atomics` and `batch`. */
export const keyvalueLaws: readonly KeyvalueLaw[] = [
  law('a bucket is one that is there, and else no-such-store', async ({ keys, bucket, subject }) => {
    assert.deepEqual([...(await bucket.listKeys(undefined)).keys], [])
    assert.deepEqual(await payloadOf(() => keys.open(subject.unknown)), { tag: 'no-such-store' })
  }),
  law('a value is what was set last, and none where nothing was', async ({ keys, bucket }) => {
    assert.equal(await bucket.get('k'), undefined)
    for (const value of [bytes('one'), EVERY_BYTE, bytes(''), bytes('two')]) {
      await bucket.set('k', value)
      same(await bucket.get('k'), value)
      same(await (await keys.open('a')).get('k'), value)
    }
  }),
  law('deleting takes a key away, and does nothing where there is none', async ({ bucket }) => {
    await bucket.delete('gone')
    await bucket.set('gone', bytes('1'))
    await bucket.set('stays', bytes('2'))
    await bucket.delete('gone')
    assert.equal(await bucket.get('gone'), undefined)
    same(await bucket.get('stays'), bytes('2'))
  }),
  law('exists says whether a key has a value, also an empty one', async ({ bucket }) => {
    assert.equal(await bucket.exists('there'), false)
    await bucket.set('there', bytes(''))
    assert.equal(await bucket.exists('there'), true)
    await bucket.delete('there')
    assert.equal(await bucket.exists('there'), false)
  }),
  law('keys are listed by bytes, each once over all cursors, and none is missed', async ({ bucket }) => {
    const names = ['b', 'a/2', 'a/10', 'ä', 'A', 'a-', '𝄞', '', 'z']
    for (const name of names) await bucket.set(name, bytes(name))
    const all: string[] = []
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await bucket.listKeys(cursor)
      all.push(...page.keys)
      assert.ok(all.length <= names.length, 'a listing does not end')
      cursor = page.cursor
    }
    assert.deepEqual(all, sorted(names))
  }),
  law('buckets do not touch, and a key is a key of one, whatever it is called', async ({ keys, bucket }) => {
    const other = await keys.open('a/b')
    for (const name of ['c', 'b/c', '__proto__', 'constructor', ' ', '\u0000', 'ключ']) {
      await bucket.set(name, bytes(`a: ${name}`))
      assert.equal(await other.get(name), undefined, `${name} is in the other bucket`)
      await other.set(name, bytes(`b: ${name}`))
      same(await bucket.get(name), bytes(`a: ${name}`))
    }
  }),
  law('an increment adds to what is there, from nothing where there is none', async ({ keys, bucket }) => {
    assert.equal(await keys.increment(bucket, 'n', 5n), 5n)
    assert.equal(await keys.increment(bucket, 'n', -7n), -2n)
    assert.equal(await keys.increment(bucket, 'n', 0n), -2n)
    await bucket.set('n', bytes('41'))
    assert.equal(await keys.increment(bucket, 'n', 1n), 42n)
    same(await bucket.get('n'), bytes('42'))
  }),
  law('an increment that cannot be made is an error, and changes nothing', async ({ keys, bucket }) => {
    const most = String(2n ** 63n - 1n)
    for (const value of ['no number', '', '1.5', most]) {
      await bucket.set('odd', bytes(value))
      assert.equal(await errorOf(() => keys.increment(bucket, 'odd', 1n)), 'other', `${value} and 1`)
      same(await bucket.get('odd'), bytes(value))
    }
  }),
  law('of increments at once each counts', async ({ keys, bucket }) => {
    const steps = Array.from({ length: 10 }, (_, i) => BigInt(i + 1))
    const seen = await Promise.all(steps.map((step) => keys.increment(bucket, 'together', step)))
    assert.equal(new Set(seen).size, steps.length, 'two increments answered the same')
    same(await bucket.get('together'), bytes('55'))
  }),
  law('a swap sets a key that is as it was when it was looked at', async ({ keys, bucket }) => {
    await keys.swap(await keys.look(bucket, 'new'), bytes('1'))
    same(await bucket.get('new'), bytes('1'))
    await keys.swap(await keys.look(bucket, 'new'), bytes('2'))
    same(await bucket.get('new'), bytes('2'))
  }),
  law('a swap of a key that was changed changes nothing, and gives another try', async ({ keys, bucket }) => {
    const changes: readonly (readonly [string, () => Promise<void>, Uint8Array | undefined])[] = [
      ['set', () => bucket.set('held', bytes('other')), bytes('other')],
      ['set to the same', () => bucket.set('held', bytes('first')), bytes('first')],
      ['deleted', () => bucket.delete('held'), undefined],
    ]
    for (const [what, change, left] of changes) {
      await bucket.set('held', bytes('first'))
      const cas = await keys.look(bucket, 'held')
      await change()
      const payload = (await payloadOf(() => keys.swap(cas, bytes('mine')))) as
        | { readonly tag: string; readonly val: Cas }
        | undefined
      assert.equal(payload?.tag, 'cas-failed', `swapped what was ${what}`)
      same(await bucket.get('held'), left)
      await keys.swap(payload.val, bytes('mine'))
      same(await bucket.get('held'), bytes('mine'))
    }
  }),
  law('of swaps at once one is done', async ({ keys, bucket }) => {
    const tries = await Promise.all(Array.from({ length: 8 }, () => keys.look(bucket, 'one')))
    const ends = await Promise.all(tries.map((cas, n) => errorOf(() => keys.swap(cas, bytes(String(n))))))
    assert.equal(ends.filter((error) => error === undefined).length, 1)
    same(await bucket.get('one'), bytes(String(ends.indexOf(undefined))))
  }),
  law('current shows what there is now, and a swap is against that', async ({ keys, bucket }) => {
    const cas = await keys.look(bucket, 'seen')
    assert.equal(await cas.current(), undefined)
    await bucket.set('seen', bytes('1'))
    same(await cas.current(), bytes('1'))
    await keys.swap(cas, bytes('2'))
    same(await bucket.get('seen'), bytes('2'))
  }),
  law('get-many answers for each key in its place, none where there is none', async ({ keys, bucket }) => {
    await bucket.set('m1', bytes('1'))
    await bucket.set('m2', bytes(''))
    assert.deepEqual(await plain(keys.getMany(bucket, ['m2', 'none', 'm1', 'm1'])), [
      ['m2', ''],
      undefined,
      ['m1', '1'],
      ['m1', '1'],
    ])
    assert.deepEqual(await plain(keys.getMany(bucket, [])), [])
  }),
  law('set-many sets all of them, and of two values for a key the later', async ({ keys, bucket }) => {
    await bucket.set('s1', bytes('old'))
    await keys.setMany(bucket, [
      ['s1', bytes('1')],
      ['s2', bytes('2')],
      ['s3', bytes('x')],
      ['s3', bytes('3')],
    ])
    for (const n of [1, 2, 3]) same(await bucket.get(`s${n}`), bytes(String(n)))
  }),
  law('set-many that fails sets nothing', { room: 1000 }, async ({ keys, bucket }) => {
    await bucket.set('w1', bytes('old'))
    const pairs = [
      ['w1', bytes('new')],
      ['w2', new Uint8Array(2000)],
    ] as const
    assert.equal(await errorOf(() => keys.setMany(bucket, pairs)), 'other')
    same(await bucket.get('w1'), bytes('old'))
    assert.equal(await bucket.exists('w2'), false)
  }),
  law('delete-many takes away all of them that there are', async ({ keys, bucket }) => {
    for (const name of ['d1', 'd2', 'd3']) await bucket.set(name, bytes(name))
    await keys.deleteMany(bucket, ['d1', 'none', 'd3', 'd3'])
    assert.deepEqual(await Promise.all(['d1', 'd2', 'd3'].map((name) => bucket.exists(name))), [
      false,
      true,
      false,
    ])
  }),
  law(
    'a value that there is no room for is refused, and changes nothing',
    { room: 1000 },
    async ({ bucket }) => {
      await bucket.set('full', bytes('old'))
      assert.equal(await errorOf(() => bucket.set('full', new Uint8Array(2000))), 'other')
      same(await bucket.get('full'), bytes('old'))
    },
  ),
  law('what is replaced or deleted gives its room back', { room: 1000 }, async ({ bucket }) => {
    for (let n = 0; n < 5; n++) await bucket.set('again', new Uint8Array(700).fill(n))
    await bucket.delete('again')
    await bucket.set('after', new Uint8Array(700))
  }),
  law('a value that was damaged is an error, and not handed out', async ({ keys, bucket, world }) => {
    if (world.damage === undefined) return
    await bucket.set('worn', bytes('as it was'))
    await world.damage('a', 'worn')
    assert.equal(await errorOf(() => bucket.get('worn')), 'other')
    assert.equal(await errorOf(() => keys.getMany(bucket, ['worn'])), 'other')
    await bucket.set('worn', bytes('as it was'))
    same(await bucket.get('worn'), bytes('as it was'))
  }),
  law('buckets and tries go on after a restart', async ({ keys, bucket, restart }) => {
    await bucket.set('kept', bytes('1'))
    const cas = await keys.look(bucket, 'kept')
    const stale = await keys.look(bucket, 'lost')
    await bucket.set('lost', bytes('1'))
    const later = await restart()
    const [again, trying, late] = [
      keys.resumed('bucket', bucket, later) as Bucket | undefined,
      keys.resumed('cas', cas, later) as Cas | undefined,
      keys.resumed('cas', stale, later) as Cas | undefined,
    ]
    assert.ok(again !== undefined && trying !== undefined && late !== undefined, 'a handle does not resume')
    same(await again.get('kept'), bytes('1'))
    await later.swap(trying, bytes('2'))
    same(await again.get('kept'), bytes('2'))
    assert.equal(await errorOf(() => later.swap(late, bytes('2'))), 'cas-failed')
  }),
]

type Run = (site: Site) => Promise<void>

function law(name: string, ...rest: readonly [Run] | readonly [{ readonly room: number }, Run]): KeyvalueLaw {
  const [{ room }, run] = rest.length === 1 ? [{ room: 1_000_000 }, rest[0]] : rest
  return {
    name,
    run: (subject) =>
      inWorld(
        async () => ({ state: () => undefined, ...(await subject.make()) }),
        async (world) => {
          const restart = async (): Promise<Keys> =>
            new Keys(await world.handler.bind(fakeActor(), subject.grant(room) as never))
          const keys = await restart()
          await run({ keys, bucket: await keys.open('a'), world, subject, restart })
        },
      ),
  }
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i)

function same(found: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  assert.deepEqual(found && Buffer.from(found), expected && Buffer.from(expected))
}

async function plain(
  found: Promise<readonly (readonly [string, Uint8Array] | undefined)[]>,
): Promise<readonly unknown[]> {
  return (await found).map((pair) => pair && [pair[0], Buffer.from(pair[1]).toString()])
}
