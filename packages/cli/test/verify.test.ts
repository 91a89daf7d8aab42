import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChainWriter, encodeContent, readEvents } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { diskCache } from '@theater/component/node'
import { describe, expect, it, vi } from 'vitest'
import { cacheOf } from '../src/verifier.ts'
import { endless } from './support/endless.ts'
import { withoutRoom } from './support/other-user.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

const KEYS = [
  'chain',
  'verdict',
  'events',
  'head',
  'at',
  'code',
  'expected',
  'actual',
  'levels',
  'actor',
  'signed',
  'witnessed',
  'redacted',
  'from',
]

/** A folder with the records of echo and of a command, and both in a.car. */
const withCar = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'log', '"hi"'], { cwd })
  await theater(['run', 'hello.wasm', '--actor', 'cmd'], { cwd })
  await theater(['export', 'echo', 'cmd', '-o', 'a.car'], { cwd })
  return cwd
})

/** Writes the record of an actor of a folder into a CAR file again: changed, or without its component. */
async function rewrite(
  cwd: string,
  actor: string,
  { result, components = true }: { readonly result?: Uint8Array; readonly components?: boolean },
): Promise<Uint8Array> {
  const data = join(cwd, '.theater/theater.db')
  const copy = join(cwd, 'copy.db')
  copyFileSync(data, copy)
  await using from = sqliteStore(data, { readOnly: true })
  await using store = sqliteStore(copy)
  let { chain } = (await from.find(actor)) ?? { chain: new Uint8Array() }
  if (result !== undefined) {
    let writer: ChainWriter | undefined
    for await (const { kind, contentBytes } of readEvents(from, chain)) {
      const bytes = contentBytes ?? new Uint8Array()
      if (writer === undefined) {
        writer = ChainWriter.create({
          store,
          salts: saltPool(),
          hash: sha256,
          label: 'forged',
          genesis: bytes,
        })
      } else {
        writer.append(kind, kind === 'return' ? encodeContent('return', { result, fuel: null }) : bytes)
      }
    }
    await writer?.flush()
    chain = writer?.chain ?? chain
  }
  return new Uint8Array(
    await Array.fromAsync(exportCar(store, [chain], { components })).then((all) => Buffer.concat(all)),
  )
}

describe('export and verify', () => {
  it('verifies a file elsewhere, and the records at home', async () => {
    const cwd = await withCar()
    const elsewhere = folder({ 'a.car': readFileSync(join(cwd, 'a.car')) })
    const ran = await theater(['verify', 'a.car', '--json'], { cwd: elsewhere })
    const verdicts = objects(ran)
    expect(verdicts.map((verdict) => Object.keys(verdict))).toEqual([KEYS, KEYS])
    const rows = objects(await theater(['ps', '--json'], { cwd }))
    expect(verdicts).toMatchObject([
      {
        actor: 'echo',
        verdict: 'verified',
        at: null,
        code: null,
        levels: { structure: 'pass', signature: 'none', execution: 'pass' },
      },
      { actor: 'cmd', verdict: 'verified', head: rows[0].head, events: rows[0].events },
    ])
    expect(ran.code).toBe(0)
    const home = await theater(['verify', 'echo', 'cmd', 'a.car'], { cwd })
    expect(home.stdout.match(/verified/g)).toHaveLength(4)
    expect(home.code).toBe(0)
  })

  it('says what it wrote', async () => {
    const cwd = await withCar()
    const [report] = objects(await theater(['export', 'echo', '-o', 'one.car', '--json'], { cwd }))
    expect(report).toMatchObject({
      file: 'one.car',
      bytes: readFileSync(join(cwd, 'one.car')).length,
      chains: [{ actor: 'echo' }],
    })
    expect((await theater(['export', 'echo', 'echo', '-o', 'x.car'], { cwd })).code).toBe(2)
    expect((await theater(['export', 'echo', '-o', 'no/such/x.car'], { cwd })).code).toBe(2)
  })

  it('is 6 for a file in which a byte was changed, with the event', async () => {
    const cwd = await withCar()
    const bytes = readFileSync(join(cwd, 'a.car'))
    for (const at of [200, bytes.length >> 1, bytes.length - 20]) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      writeFileSync(join(cwd, 'flipped.car'), flipped)
      const ran = await theater(['verify', 'flipped.car', '--json'], { cwd })
      expect(ran.code).toBe(6)
      const broken = objects(ran).find(({ verdict }) => verdict === 'broken')
      expect(broken).toMatchObject({
        at: expect.any(Number),
        code: expect.any(String),
        levels: { structure: 'fail' },
      })
    }
  })

  it('is 6 for what is no chain at all, and never a crash', async () => {
    const bytes = readFileSync(join(await withCar(), 'a.car'))
    const files = {
      'empty.car': new Uint8Array(),
      'text.car': 'hello there',
      'zeros.car': new Uint8Array(1000),
      'long.car': Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0),
      'header.car': bytes.subarray(0, 59),
      'cut.car': bytes.subarray(0, bytes.length - 7),
      'more.car': Buffer.concat([bytes, Buffer.from('more')]),
      'noise.car': Buffer.concat([
        bytes.subarray(0, 100),
        Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 131) % 256)),
      ]),
      'wasm.car': readFileSync(join(await withCar(), 'echo.wasm')),
    }
    const cwd = folder(files)
    for (const name of Object.keys(files)) {
      const ran = await theater(['verify', name, '--json'], { cwd })
      expect([name, ran.code, ran.stderr]).toEqual([name, 6, ''])
      expect(objects(ran).every((verdict) => Object.keys(verdict).join() === KEYS.join())).toBe(true)
    }
  })

  it('is 5 for a record whose output was changed and hashed again, with what the component does', async () => {
    const cwd = await withCar()
    // ok becomes err
    const forged = await rewrite(cwd, 'cmd', { result: Uint8Array.of(0x81, 0x81, 1) })
    writeFileSync(join(cwd, 'forged.car'), forged)
    const ran = await theater(['verify', 'forged.car', '--json'], { cwd })
    const [verdict] = objects(ran)
    expect(verdict).toMatchObject({
      verdict: 'diverged',
      code: null,
      expected: { kind: 'return' },
      actual: { kind: 'return', result: 'ok' },
      levels: { structure: 'pass', execution: 'fail' },
    })
    expect(verdict.at).toBe(verdict.events - 2)
    expect(ran.code).toBe(5)
    const people = await theater(['verify', 'forged.car', 'a.car'], { cwd })
    expect(people.stdout).toContain(`diverged at event ${verdict.at}`)
    expect(people.stdout).toContain('the record says   return ')
    expect(people.stdout).toContain('the component did return ')
    expect(people.code).toBe(5)
  })

  it('is 7 where it cannot tell: without the component, above a limit', async () => {
    const cwd = await withCar()
    writeFileSync(join(cwd, 'bare.car'), await rewrite(cwd, 'cmd', { components: false }))
    const bare = await theater(['verify', 'bare.car', '--json'], { cwd })
    expect(objects(bare)).toMatchObject([{ verdict: 'inconclusive', code: 'no-component', at: 0 }])
    expect(bare.code).toBe(7)
    expect((await theater(['verify', 'bare.car', '--component', 'hello.wasm'], { cwd })).code).toBe(0)
    const other = await theater(['verify', 'bare.car', '--component', 'echo.wasm'], { cwd })
    expect(other.stderr).toContain('no chain is one of the component echo.wasm')
    expect(other.code).toBe(7)
    const limited = await theater(['verify', 'echo', '--max-events', '3', '--json'], { cwd })
    expect(objects(limited)).toMatchObject([{ verdict: 'inconclusive', code: 'limits-above-mine' }])
    expect(limited.code).toBe(7)
    for (const flag of ['--max-memory', '--max-fuel']) {
      const bound = await theater(['verify', 'echo', flag, '1', '--json'], { cwd })
      expect(objects(bound)).toMatchObject([{ verdict: 'inconclusive', code: 'limits-above-mine', at: 0 }])
      expect(bound.code).toBe(7)
    }
  })

  it('ends a component that does not end, of a record without a meter, and goes on with the next', async () => {
    const cwd = await withCar()
    writeFileSync(join(cwd, 'endless.car'), await endless())
    const ran = await theater(['verify', 'endless.car', 'echo', '--max-seconds', '2', '--json'], { cwd })
    expect(objects(ran)).toMatchObject([
      { actor: 'endless', verdict: 'inconclusive', code: 'limits-above-mine', at: 0 },
      { actor: 'echo', verdict: 'verified' },
    ])
    expect(ran.code).toBe(7)
  })

  it('gives the worst of several: broken before diverged before inconclusive', async () => {
    const cwd = await withCar()
    writeFileSync(join(cwd, 'bad.car'), 'bad')
    writeFileSync(join(cwd, 'bare.car'), await rewrite(cwd, 'cmd', { components: false }))
    writeFileSync(
      join(cwd, 'forged.car'),
      await rewrite(cwd, 'cmd', { result: Uint8Array.of(0x81, 0x81, 1) }),
    )
    expect((await theater(['verify', 'echo', 'bare.car'], { cwd })).code).toBe(7)
    expect((await theater(['verify', 'bare.car', 'forged.car'], { cwd })).code).toBe(5)
    expect((await theater(['verify', 'forged.car', 'bad.car', 'bare.car'], { cwd })).code).toBe(6)
  })
})

describe('a data folder', () => {
  it('that is not one of ours is refused and left alone', async () => {
    const cwd = await withCar()
    const db = join(cwd, '.theater/theater.db')
    for (const [content, code] of [
      ['not a database, but long enough to look like one'.repeat(20), 6],
      // A host that ended before it had made it.
      ['', 2],
    ] as const) {
      writeFileSync(db, content)
      for (const args of [
        ['ps'],
        ['chain', 'echo'],
        ['verify', 'echo'],
        ['call', 'echo', 'x'],
        ['export', 'echo', '-o', 'y.car'],
      ]) {
        const ran = await theater(args, { cwd })
        expect([args[0], ran.code]).toEqual([args[0], code])
        expect(ran.stderr).not.toMatch(/^\s+at /m)
      }
      expect(readFileSync(db, 'utf8')).toBe(content)
    }
    writeFileSync(db, 'not a database, but long enough to look like one'.repeat(20))
    const fresh = await theater(['run', 'theater.toml', '--fresh'], { cwd })
    expect(fresh.code).toBe(6)
    expect(readFileSync(db, 'utf8')).toContain('not a database')
  })

  it('whose cache cannot tell what its host wrote is verified without it', async () => {
    const data = folder({})
    vi.stubEnv('THEATER_CACHE', '')
    try {
      const notes: string[] = []
      const open = () => cacheOf(data, (text) => notes.push(text))
      expect(await open()).toBeUndefined()
      await diskCache(join(data, 'cache'))
      expect(await open()).toBeDefined()
      rmSync(join(data, 'cache/seal.key'))
      mkdirSync(join(data, 'cache/seal.key'))
      expect(await open()).toBeUndefined()
      expect(notes).toEqual([])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it.for([
    ['that is no folder', (cache: string) => writeFileSync(cache, ''), 'cannot be made'],
    [
      'in which there is no room',
      (cache: string) => {
        mkdirSync(cache)
        writeFileSync(join(cache, 'seal.key'), Buffer.alloc(32, 1), { mode: 0o600 })
      },
      'cannot be written',
    ],
  ] as const)(
    'with a cache %s is verified without it, and that is said once',
    async ([, make, why], { skip }) => {
      if (process.platform !== 'linux') return skip('no limit on the size of files here')
      vi.stubEnv('THEATER_CACHE', '')
      try {
        const cwd = folder({ 'theater.toml': ECHO })
        expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
        expect((await theater(['export', 'echo', '-o', 'echo.car'], { cwd })).code).toBe(0)
        const here = folder({}, 'file')
        copyFileSync(join(cwd, 'echo.car'), join(here, 'echo.car'))
        mkdirSync(join(here, '.theater'))
        make(join(here, '.theater/cache'))
        for (const command of ['verify', 'replay']) {
          const ran = withoutRoom(0, [command, 'echo.car'], here)
          // To replay writes nothing there.
          const times = command === 'replay' && why === 'cannot be written' ? 0 : 1
          expect([command, ran.status, ran.stderr.split(why).length - 1]).toEqual([command, 0, times])
          expect(ran.stdout).toContain('verified')
        }
      } finally {
        vi.unstubAllEnvs()
      }
    },
  )
})
