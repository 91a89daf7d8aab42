import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cutOff, ECHO, ended, folder, objects, said, start, theater } from './support/theater.ts'

describe('run MANIFEST', () => {
  it('makes actors, and brings them back the second time', async () => {
    const cwd = folder({ 'theater.toml': `${ECHO}\n[actor.other]\ncomponent = "echo.wasm"\n` })
    const first = await theater(['run', 'theater.toml'], { cwd })
    expect(first.stderr).toBe('echo made\nother made\n')
    expect(first.stdout).toMatch(
      /^ACTOR +STATE +EVENTS +HEAD +COMPONENT\necho +idle +4 +[0-9a-f]{12} +3e251f6bb72c\nother +idle +4 /,
    )
    expect(first.code).toBe(0)
    const second = await theater(['run', 'theater.toml', '--json'], { cwd })
    expect(second.stderr).toContain('echo is back, after 4 events')
    expect(objects(second)).toMatchObject([
      { actor: 'echo', state: 'idle', events: 4 },
      { actor: 'other', state: 'idle', events: 4 },
    ])
    expect(second.code).toBe(0)
    expect(statSync(join(cwd, '.theater')).mode & 0o777).toBe(0o700)
  })

  it('keeps what it transpiles in the data folder, or where data folders share it', async () => {
    const cwd = folder({ 'theater.toml': ECHO })
    await theater(['run', 'theater.toml'], { cwd, env: { THEATER_CACHE: '' } })
    expect(statSync(join(cwd, '.theater/cache')).mode & 0o777).toBe(0o700)
    const kept = readdirSync(join(cwd, '.theater/cache'))
    expect(kept).not.toEqual([])
    const env = { THEATER_CACHE: join(cwd, 'shared') }
    await theater(['run', 'theater.toml', '--data', 'other'], { cwd, env })
    expect(existsSync(join(cwd, 'other/cache'))).toBe(false)
    expect(statSync(join(cwd, 'shared')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(cwd, 'shared')).toSorted()).toEqual(kept.toSorted())
  })

  it('runs one actor of it, and keeps its data where it is told', async () => {
    const cwd = folder({ 'theater.toml': `${ECHO}\n[actor.other]\ncomponent = "echo.wasm"\n` })
    const ran = await theater(['run', 'theater.toml', '--actor', 'other', '--data', 'here', '--json'], {
      cwd,
    })
    expect(objects(ran)).toMatchObject([{ actor: 'other' }])
    expect(readdirSync(join(cwd, 'here'))).toContain('theater.db')
    expect(existsSync(join(cwd, '.theater'))).toBe(false)
    const wrong = await theater(['run', 'theater.toml', '--actor', 'othr'], { cwd })
    expect(wrong.stderr).toContain('Did you mean other?')
    expect(wrong.code).toBe(2)
  })

  it('starts over with --fresh, and not before the manifest is read', async () => {
    const cwd = folder({ 'theater.toml': ECHO })
    await theater(['run', 'theater.toml'], { cwd })
    await theater(['call', 'echo', 'hi'], { cwd })
    writeFileSync(join(cwd, 'bad.toml'), '[actor.echo]\ncomponent = "gone.wasm"\n')
    expect((await theater(['run', 'bad.toml', '--fresh'], { cwd })).code).toBe(3)
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([{ events: 7 }])
    const fresh = await theater(['run', 'theater.toml', '--fresh', '--json'], { cwd })
    expect(objects(fresh)).toMatchObject([{ actor: 'echo', events: 4 }])
  })

  it('gives params and limits', async () => {
    const cwd = folder({
      'theater.toml': `${ECHO}\n[actor.echo.params]\njson = { a = [1, 2] }\n[actor.echo.limits]\nmailbox = 7\n`,
    })
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
    const [genesis, , init] = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    expect(genesis.detail).toMatchObject({
      limits: { mailbox: 7 },
      params: { format: 'application/json', body: { utf8: '{"a":[1,2]}' } },
    })
    expect(init).toMatchObject({
      kind: 'turn',
      fn: 'theater:actor/lifecycle@0.1.0#init',
      args: [{ format: 'application/json' }],
    })
  })

  it('refuses other grants than an actor was made with, and says so of another component', async () => {
    const cwd = folder({ 'theater.toml': ECHO })
    await theater(['run', 'theater.toml'], { cwd })
    writeFileSync(join(cwd, 'theater.toml'), '[actor.echo]\ncomponent = "echo.wasm"\n')
    const narrower = await theater(['run', 'theater.toml'], { cwd })
    expect(narrower.stderr).toContain('echo was made with other grants than the manifest gives it now')
    expect(narrower.code).toBe(3)
    writeFileSync(join(cwd, 'theater.toml'), ECHO.replace('echo.wasm', 'hello.wasm'))
    const other = await theater(['run', 'theater.toml'], { cwd })
    expect(other.stderr).toContain('echo goes on with the component that it was made with')
    expect(other.code).toBe(0)
  })

  it('fails with 3 for an import that was not granted, and names the line', async () => {
    const cwd = folder({ 'theater.toml': '[actor.spine]\ncomponent = "spine.wasm"\n' })
    const { code, stderr } = await theater(['run', 'theater.toml'], { cwd })
    expect(stderr).toContain(
      'theater.toml:1:1: spine imports test:spine/host, which no handler of theater serves',
    )
    expect(code).toBe(3)
    expect(existsSync(join(cwd, '.theater'))).toBe(false)
    expect((await theater(['ps'], { cwd })).code).toBe(2)
  })

  it('leaves no data folder behind for a component that is refused, and keeps one that was there', async () => {
    const cwd = folder({ 'bad.wasm': 'this is no component' })
    mkdirSync(join(cwd, 'mine'))
    expect((await theater(['run', 'bad.wasm'], { cwd })).code).toBe(3)
    expect((await theater(['run', 'bad.wasm', '--data', 'mine'], { cwd })).code).toBe(3)
    expect(readdirSync(cwd).filter((name) => !name.endsWith('.wasm'))).toEqual(['mine'])
  })

  it('fails with 3 for a grant that is not of its schema', async () => {
    const cwd = folder({ 'theater.toml': ECHO.replace('grants.log]', 'grants.log]\nlevle = "info"') })
    const { code, stderr } = await theater(['run', 'theater.toml'], { cwd })
    expect(stderr).toContain(
      'theater.toml:5:1: there is no key "levle" in [actor.echo.grants.log]. Did you mean "level"?',
    )
    expect(code).toBe(3)
  })

  it('fails with 4 where init refuses', async () => {
    const cwd = folder({ 'theater.toml': `${ECHO}\n[actor.echo.params]\nstring = "no"\n` })
    const { code, stderr } = await theater(['run', 'theater.toml'], { cwd })
    expect(stderr).toContain('echo: init failed (refused): no')
    expect(code).toBe(4)
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([
      { actor: 'echo~1', state: 'failed', failure: 'init refused' },
    ])
    expect((await theater(['ps'], { cwd })).stdout).toMatch(/\necho~1: init refused\n$/)
    // The name is free again: what is mended starts.
    writeFileSync(join(cwd, 'theater.toml'), ECHO)
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
  })

  it('takes no arguments', async () => {
    const { code } = await theater(['run', 'theater.toml', '--', 'x'], {
      cwd: folder({ 'theater.toml': ECHO }),
    })
    expect(code).toBe(2)
  })
})

describe('run FILE.wasm', () => {
  it('makes an actor of a component that is no command', async () => {
    const cwd = folder()
    const first = await theater(['run', 'echo.wasm', '--actor', 'a.b'], { cwd })
    expect(first.stderr).toContain('a.b made')
    expect(first.code).toBe(0)
    expect((await theater(['run', 'echo.wasm', '--actor', 'a.b'], { cwd })).stderr).toContain('a.b is back')
    expect((await theater(['run', 'hello.wasm', '--actor', 'a.b'], { cwd })).code).toBe(2)
    const wider = await theater(['run', 'echo.wasm', '--actor', 'a.b', '--grant', 'log={"level":"warn"}'], {
      cwd,
    })
    expect(wider.stderr).toContain('was made with other grants')
    expect(wider.code).toBe(2)
    expect((await theater(['run', 'echo.wasm', '--', 'x'], { cwd })).code).toBe(3)
  })

  it('ends a command that waits for its input with SIGINT, and its record with it', async () => {
    const cwd = folder()
    const child = start(['run', 'hello.wasm', '--stdio', 'copy'], { cwd })
    child.stdin?.write('once')
    await said(child)
    child.kill('SIGINT')
    const { code, stderr } = await ended(child)
    expect(stderr).toContain('interrupted')
    expect(code).toBe(130)
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([
      { actor: 'hello', state: 'stopped' },
    ])
    expect(objects(await theater(['verify', 'hello', '--json'], { cwd }))).toMatchObject([
      { verdict: 'verified' },
    ])
  })

  it('lets nobody else run the actors of its folder', async () => {
    const cwd = folder()
    const child = start(['run', 'hello.wasm', '--stdio', 'copy'], { cwd })
    child.stdin?.write('one ')
    await said(child)
    const busy = await theater(['call', 'hello', 'wasi:cli/run#run'], { cwd })
    expect(busy.stderr).toContain(`another theater process (${child.pid}) runs the actors`)
    expect(busy.code).toBe(3)
    // Who only reads is not kept out.
    expect((await theater(['ps'], { cwd })).code).toBe(0)
    expect((await theater(['chain', 'hello'], { cwd })).code).toBe(0)
    expect((await theater(['verify', 'hello'], { cwd })).code).toBe(0)
    child.kill('SIGKILL')
    await ended(child)
    const again = await theater(['run', 'hello.wasm', '--stdio', 'copy'], { cwd, input: 'two' })
    expect(again).toMatchObject({ code: 0, stdout: 'two' })
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([
      { actor: 'hello', state: 'stopped' },
    ])
  })

  it('goes on with a command that was cut off', async () => {
    const cwd = folder()
    await theater(['run', 'hello.wasm', '--stdout'], { cwd })
    cutOff(join(cwd, '.theater/theater.db'), 'return')
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([
      { actor: 'hello', state: 'unfinished' },
    ])
    expect((await theater(['verify', 'hello'], { cwd })).stdout).toContain('the record ends within a turn')
    const exported = await theater(['export', 'hello', '-o', 'a.car'], { cwd })
    expect(exported.stderr).toContain('hello is within a turn')
    expect((await theater(['verify', 'a.car'], { cwd })).code).toBe(6)
    const again = await theater(['run', 'hello.wasm', '--stdout'], { cwd })
    // What it had said is in the record, and is not said again.
    expect(again).toMatchObject({ code: 0, stdout: '' })
    expect(again.stderr).toContain('it goes on with the turn that was under way')
    expect(objects(await theater(['verify', 'hello', '--json'], { cwd }))).toMatchObject([
      { verdict: 'verified' },
    ])
  })
})
