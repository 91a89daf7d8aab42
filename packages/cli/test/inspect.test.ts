import { join } from 'node:path'
import { keepNoSnapshot, keepSnapshot } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cGuest } from '@theater/guests'
import { relayGuest } from '@theater/guests/relay'
import { assemble, fromCore } from '@theater/guests/wat'
import { defaultLimits } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { ECHO, folder, objects, theater } from './support/theater.ts'

/** A component whose only item is an import with this name. */
const importing = (name: string) => assemble(`(component (import ${JSON.stringify(name)} (func)))`)

describe('inspect', () => {
  it('says what each import gets without a grant', async () => {
    const ran = await theater(['inspect', 'hello.wasm', '--json'], { cwd: folder() })
    const [report] = objects(ran)
    expect(Object.keys(report)).toEqual([
      'component',
      'imports',
      'exports',
      'code',
      'refused',
      'fits',
      'manifest',
    ])
    expect(report.imports).toContainEqual({
      name: 'wasi:cli/exit@0.2.3',
      handler: 'cli',
      state: 'inert',
      functions: ['exit-with-code'],
      live: null,
    })
    expect(report.imports).toContainEqual({
      name: 'wasi:io/error@0.2.3',
      handler: null,
      state: 'granted',
      functions: [],
      live: null,
    })
    expect(report.exports).toEqual([{ name: 'wasi:cli/run@0.2.3', functions: ['run'] }])
    const [spine] = objects(await theater(['inspect', 'spine.wasm', '--json'], { cwd: folder() }))
    expect(spine.imports).toEqual([
      {
        name: 'test:spine/host',
        handler: null,
        state: 'unmet',
        functions: ['add', '[constructor]counter', '[method]counter.bump'],
        live: null,
      },
    ])
    expect(spine.exports).toEqual([{ name: '', functions: ['run', 'boom'] }])
  })

  it('is readable', async () => {
    const { stdout } = await theater(['inspect', 'spine.wasm'], { cwd: folder() })
    expect(stdout).toMatch(
      /^IMPORT +GRANT  WITHOUT IT\ntest:spine\/host +– +no handler of theater serves it/m,
    )
    expect(stdout).toContain('(root)\n  run(n: u32) -> u32\n  boom()\n')
  })

  it('says what the meter sees, and whether that fits into the limits of an actor', async () => {
    const relaxed = '(f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))'
    const cwd = folder({
      'large.wasm': await assemble('(component (core module (memory 4097) (table 3 funcref)))'),
      'relaxed.wasm': await assemble(
        `(component (core module (func (param v128) (result v128) ${relaxed})))`,
      ),
    })
    const report = async (file: string) => objects(await theater(['inspect', file, '--json'], { cwd }))[0]
    expect(await report('spine.wasm')).toMatchObject({
      code: { modules: 1, functions: 2, floats: 0, memory: 65_536, tables: 0 },
      refused: null,
      fits: true,
    })
    expect(await report('large.wasm')).toMatchObject({
      code: { memory: 4097 * 65_536, tables: 3 },
      fits: false,
    })
    const refused = await report('relaxed.wasm')
    expect(refused).toMatchObject({ code: null, fits: false })
    expect(refused.refused).toMatch(/relaxed_madd/)
    const large = await theater(['inspect', 'large.wasm'], { cwd })
    expect(large.stdout).toMatch(
      /^memory +268,435,456 +268,500,992 at the start: no actor can be made\ntables +100,000 +3 at the start$/m,
    )
    expect((await theater(['inspect', 'relaxed.wasm'], { cwd })).stdout).toMatch(
      /^CODE\nrefused, so no actor can be made: .*relaxed_madd/m,
    )
  })

  it('shows the limits of each actor of a manifest, and is right about who can be made', async () => {
    const tight = `${ECHO}\n[actor.echo.limits]\nmailbox = 7\nmemory = 65535\n\n[actor.other]\ncomponent = "echo.wasm"\n`
    const cwd = folder({ 'tight.toml': tight })
    const [echo, other] = objects(await theater(['inspect', 'tight.toml', '--json'], { cwd }))
    expect(echo).toMatchObject({
      actor: 'echo',
      limits: { ...defaultLimits, mailbox: 7, memory: 65_535 },
      set: ['memory', 'mailbox'],
      fits: false,
    })
    expect(other).toMatchObject({ actor: 'other', limits: defaultLimits, set: [], fits: true })
    expect(other.code.memory).toBe(65_536)
    const { stdout } = await theater(['inspect', 'tight.toml'], { cwd })
    expect(stdout).toMatch(/^memory +65,535 +manifest +[0-9,]+ at the start: no actor can be made$/m)
    expect(stdout).toMatch(/^fuel +2,000,000,000 +default$/m)
    const run = (actor: string) => theater(['run', 'tight.toml', '--actor', actor], { cwd })
    expect((await run('echo')).code).toBe(4)
    expect((await run('other')).code).toBe(0)
  })

  it('shows of a manifest what is granted, what is inert, what is unmet, and what needs no grant', async () => {
    const grants = '[actor.tool.grants.fs.mounts."/d"]\nhost = "/srv"\nrights = "r"\n'
    const cwd = folder({
      'tool.wasm': cGuest('tool'),
      'fetcher.wasm': cGuest('fetcher'),
      'poster.wasm': cGuest('poster'),
      'theater.toml': `[actor.tool]\ncomponent = "tool.wasm"\n${grants}[actor.fetcher]\ncomponent = "fetcher.wasm"\n[actor.poster]\ncomponent = "poster.wasm"\n[[actor.poster.grants.http.out]]\norigin = "https://api.example.com"\nidempotency-key = true\n`,
    })
    const [tool, fetcher, poster] = objects(await theater(['inspect', 'theater.toml', '--json'], { cwd }))
    expect(tool.grants).toEqual({ fs: { mounts: { '/d': { host: '/srv', rights: 'r' } } } })
    const states = (imports: any[]) =>
      Object.fromEntries(
        imports.map(({ name, state, handler }) => [name.replace(/@.*/, ''), `${state} ${handler}`]),
      )
    expect(states(tool.imports)).toMatchObject({
      'wasi:filesystem/preopens': 'granted fs',
      'wasi:cli/environment': 'inert cli',
      'wasi:cli/stdin': 'inert cli',
      'wasi:cli/terminal-stdout': 'inert cli',
      'wasi:cli/exit': 'inert cli',
      'wasi:io/streams': 'granted null',
    })
    expect(states(fetcher.imports)).toMatchObject({ 'wasi:http/outgoing-handler': 'unmet http' })
    expect(states(poster.imports)).toEqual({ 'theater:http/client': 'granted http' })
    const { stdout } = await theater(['inspect', 'theater.toml'], { cwd })
    expect(stdout).toMatch(/^fs +granted +\{"mounts":\{"\/d":\{"host":"\/srv","rights":"r"\}\}\}$/m)
    expect(stdout).toMatch(/^cli +inert +empty and closed: wasi:cli\/environment@/m)
    expect(stdout).toMatch(/^http +unmet +it does not run without: wasi:http\//m)
    expect(stdout).toMatch(/^none +by rule +wasi:io\//m)
  })

  it('gives an instance for each request to a component that answers them and knows nothing of actors', async () => {
    const cwd = folder({ 'web.wasm': cGuest('web') })
    const { stdout } = await theater(['inspect', 'web.wasm', '--toml'], { cwd })
    expect(stdout).toMatch(/^component = "web\.wasm"\n# It knows nothing of actors.*\ninstance = "turn"$/m)
    expect((await theater(['inspect', 'hello.wasm', '--toml'], { cwd })).stdout).not.toContain('instance')
    // Without a route nobody could ask it.
    expect(stdout).toMatch(/^\[actor\.web\.grants\.http\]\n# .*\nserve = \[\{ path = "\/" \}\]$/m)
    expect(stdout).not.toMatch(/^out = /m)
  })

  it('grants to be asked to a component that imports nothing of what asks it', async () => {
    const wit = `package theater:http@0.1.0;
interface request-handler { handle: func(); }
world guest { export request-handler; }`
    const wat = '(module (func (export "theater:http/request-handler@0.1.0#handle")))'
    const cwd = folder({ 'alone.wasm': await fromCore(wat, wit, 'guest') })
    const { stdout } = await theater(['inspect', 'alone.wasm', '--toml'], { cwd })
    expect(stdout).toMatch(
      /^# For theater:http\/request-handler@0\.1\.0: handle\.\n\[actor\.alone\.grants\.http\]\n# .*\nserve = /m,
    )
  })

  it('makes no manifest of a manifest', async () => {
    const ran = await theater(['inspect', 'theater.toml', '--toml'], {
      cwd: folder({ 'theater.toml': ECHO }),
    })
    expect(ran).toMatchObject({ code: 2, stdout: '' })
  })

  it('refuses bad bytes with 3, and says what is wrong with them', async () => {
    const files: Record<string, readonly [string | Uint8Array, string]> = {
      'empty.wasm': ['', 'not-wasm'],
      'text.wasm': ['hello there, this is text', 'not-wasm'],
      'core.wasm': [Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 'core-module'],
      'short.wasm': [Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 1, 99), 'not-wasm'],
      'noise.wasm': [
        new Uint8Array([
          0,
          0x61,
          0x73,
          0x6d,
          0x0d,
          0,
          1,
          0,
          ...Array.from({ length: 999 }, (_, i) => (i * 197) % 256),
        ]),
        '',
      ],
      'url.wasm': [await importing('url=<https://example.org/x>'), 'bad-name'],
      'stream.wasm': [
        await assemble('(component (type $t (stream u8)) (import "f" (func (param "x" $t))))'),
        'unsupported',
      ],
    }
    const cwd = folder(Object.fromEntries(Object.entries(files).map(([name, [bytes]]) => [name, bytes])))
    for (const [name, [, expected]] of Object.entries(files)) {
      for (const command of ['inspect', 'run']) {
        const { code, stdout, stderr } = await theater([command, name, '--json'], { cwd })
        expect([command, name, code]).toEqual([command, name, 3])
        expect(stdout).toBe('')
        expect(stderr).not.toMatch(/^\s+at /m)
        const last = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')
        expect(last.error.code).toContain(expected)
        expect(last.error.message).toContain(`${name}: `)
      }
    }
  })
})

describe('inspect of an actor', () => {
  it('says how durable it is, from where it comes back or why not, and which timers it has', async () => {
    const cwd = folder({ 'theater.toml': ECHO, 'alarm.wasm': relayGuest('timer') }, 'file')
    const inspect = async (...args: string[]) =>
      objects(await theater(['inspect', ...args, '--json'], { cwd }))[0]
    await theater(['run', 'theater.toml', '--durability', 'disk'], { cwd })
    const [row] = objects(await theater(['ps', '--json'], { cwd }))
    const before = await inspect('echo')
    expect(before).toMatchObject({ ...row, durability: 'disk', snapshot: null, timers: [] })
    expect(before.noSnapshot).toMatchObject({ code: 'not-yet' })
    await using store = sqliteStore(join(cwd, '.theater', 'theater.db'))
    const info = await store.find('echo')
    const { chain, size, head } = info!
    await keepNoSnapshot(store.caches, chain, { size, head }, 'it holds what cannot be kept')
    const refused = { code: 'refused', message: 'it holds what cannot be kept' }
    expect(await inspect('echo')).toMatchObject({ snapshot: null, noSnapshot: refused })
    await keepSnapshot(store.caches, chain, { size, head, bytes: new Uint8Array(9) })
    const snapshot = { events: size, bytes: expect.any(Number) as unknown }
    expect(await inspect('echo')).toMatchObject({ snapshot, noSnapshot: null })
    const { stdout } = await theater(['inspect', 'echo'], { cwd })
    expect(stdout).toMatch(/^echo {2}sha256:[0-9a-f]{64}\n/)
    expect(stdout).toMatch(/^durability +disk$/m)
    expect(stdout).toMatch(new RegExp(`^events +${size}, of which 0 are re-run`, 'm'))
    expect(stdout).toMatch(/^snapshot +of \d+ events, \d+ bytes$/m)
    expect(stdout).toContain('\nno timers')
    // As whoever erased something of it left it.
    await store.close()
    await theater(['redact', 'echo', '1', '--reason', 'asked for', '--stop'], { cwd })
    expect(await inspect('echo')).toMatchObject({
      state: 'stopped',
      snapshot: null,
      noSnapshot: { code: 'ended' },
    })
    await theater(['run', 'alarm.wasm', '--grant', 'timer={"shortestMs":1}'], { cwd })
    const message = JSON.stringify({ format: 'text/plain', body: { utf8: 'wake up' } })
    await theater(['call', 'alarm', 'test:relay/timers#once', '{"after": 86400000}', message], { cwd })
    const alarm = await inspect('alarm')
    expect(alarm).toMatchObject({ durability: null, timers: [{ actor: 'alarm', interval: null }] })
    expect((await theater(['inspect', 'alarm'], { cwd })).stdout).toMatch(
      /\nACTOR +TIMER +DUE +EVERY\nalarm /,
    )
  })

  it('is refused for one that is not there, and a file of its name comes first', async () => {
    const cwd = folder({ 'theater.toml': ECHO, echo: 'not a component' }, 'file')
    await theater(['run', 'theater.toml'], { cwd })
    expect((await theater(['inspect', 'ecko'], { cwd })).stderr).toContain('Did you mean echo?')
    expect((await theater(['inspect', 'ecko', '--toml'], { cwd })).stderr).toContain('it names an actor')
    expect((await theater(['inspect', 'echo'], { cwd })).code).not.toBe(0)
  })
})
