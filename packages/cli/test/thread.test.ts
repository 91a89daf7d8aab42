import { cGuest } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { Going } from './support/going.ts'
import { folder, objects, start, theater } from './support/theater.ts'

/** Keeps whoever runs it: for ever, or while it is instantiated. */
const looper = (start = ''): Promise<Uint8Array> =>
  assemble(`(component
    (core module $m
      (global $count (mut i32) (i32.const 0))
      (func $spin (loop $again (br $again)))
      ${start}
      (func (export "add") (param i32) (result i32)
        (global.set $count (i32.add (global.get $count) (local.get 0)))
        (global.get $count))
      (export "spin" (func $spin)))
    (core instance $i (instantiate $m))
    (func (export "add") (param "n" u32) (result u32) (canon lift (core func $i "add")))
    (func (export "spin") (canon lift (core func $i "spin"))))`)

const ECHO = '[actor.echo]\ncomponent = "echo.wasm"\n'
const LOOPER =
  '[actor.looper]\ncomponent = "looper.wasm"\nlimits = { fuel = 1_000_000_000_000, startFuel = 1_000_000_000_000 }\n'
const HOST = '[host]\nanswerMs = 2000\n'
/** Nothing is said of a thread that a busy machine keeps. */
const PATIENT = '[host]\nanswerMs = 200_000\n'

const loops = await looper()

/** Without what is made by chance. */
const lasting = (ran: Parameters<typeof objects>[0]): unknown =>
  objects(ran).map(({ head: _head, ...rest }) => rest as unknown)

describe('actors in a thread of their own', () => {
  it('are made, called and brought back as without one', async () => {
    const cwd = folder({ 'plain.toml': ECHO, 'theater.toml': PATIENT + ECHO })
    const [plain, own] = await Promise.all([
      theater(['run', 'plain.toml', '--data', 'plain', '--json'], { cwd }),
      theater(['run', 'theater.toml', '--data', 'own', '--json'], { cwd }),
    ])
    expect(own.stderr).toBe(plain.stderr)
    expect([own.code, lasting(own)]).toEqual([0, lasting(plain)])
    const calls = [
      ['divide', '7', '2'],
      ['divide', '7', '0'],
      ['log', '"read"'],
      ['boom'],
      ['nothing'],
      ['divide', '1'],
    ]
    for (const args of calls) {
      const [here, there] = await Promise.all([
        theater(['call', 'echo', ...args, '--data', 'plain'], { cwd }),
        theater(['call', 'echo', ...args, '--data', 'own', '--answer', '200'], { cwd }),
      ])
      expect(there).toEqual(here)
    }
    const [here, there] = await Promise.all([
      theater(['run', 'plain.toml', '--data', 'plain'], { cwd }),
      theater(['run', 'theater.toml', '--data', 'own'], { cwd }),
    ])
    expect(there.stderr).toBe(here.stderr)
    expect(there.code).toBe(0)
  })

  it('are not held up by one that does not end', async () => {
    const cwd = folder({ 'theater.toml': ECHO + LOOPER, 'looper.wasm': loops })
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
    expect((await theater(['call', 'looper', 'add', '3'], { cwd })).stdout).toBe('{"ok":3}\n')
    const spun = await theater(['call', 'looper', 'spin', '--answer', '2', '--json'], { cwd })
    expect(spun.stdout).toBe('{"err":{"aborted":"unresponsive"}}\n')
    expect(spun.stderr).toContain(
      'the thread of the actors did not answer for 2 s and was ended: looper kept it',
    )
    expect(spun.code).toBe(4)
    expect((await theater(['call', 'looper', 'add', '2'], { cwd })).stdout).toBe('{"ok":5}\n')
    expect((await theater(['call', 'echo', 'divide', '6', '2'], { cwd })).stdout).toBe('{"ok":3}\n')
    const [turn] = objects(await theater(['chain', 'looper', '--json'], { cwd })).filter(
      ({ kind }) => kind === 'abort',
    )
    expect(turn).toMatchObject({ fn: 'spin', detail: { code: 'unresponsive' } })
    const verified = await theater(['verify', 'echo', 'looper', '--max-fuel', '1000000000000', '--json'], {
      cwd,
    })
    expect(verified.code).toBe(0)
    expect(objects(verified).map(({ verdict }) => verdict)).toEqual(['verified', 'verified'])
  })

  it('of which one does not come to be are there without it', async () => {
    const cwd = folder({
      'theater.toml': HOST + ECHO + LOOPER,
      'looper.wasm': await looper('(start $spin)'),
    })
    const ran = await theater(['run', 'theater.toml', '--json'], { cwd })
    expect(ran.code).toBe(4)
    expect(ran.stderr).toContain('looper kept it')
    expect(ran.stderr).toContain('failed-to-start')
    expect((await theater(['call', 'echo', 'divide', '6', '2'], { cwd })).stdout).toBe('{"ok":3}\n')
  })

  it('answer requests from there', async () => {
    const cwd = folder({ 'web.wasm': cGuest('web') })
    const flags = ['--listen', '127.0.0.1:0', '--instances', '2', '--instance', 'actor', '--answer', '10']
    const going = new Going(start(['serve', 'web.wasm', ...flags], { cwd }))
    const url = await going.url
    const get = async (path: string): Promise<string> =>
      (await fetch(url + path, { headers: { connection: 'close' } })).text()
    const counts = []
    for (let i = 0; i < 4; i++) counts.push(await get('/count'))
    expect(counts).toEqual(['1', '1', '2', '2'])
    expect(await going.end('SIGTERM')).toBe(0)
    expect(going.stderr).toContain('2 instances of web answer; Ctrl-C ends it')
    const verified = await theater(['verify', 'web', 'web-2', '--json'], { cwd })
    expect(objects(verified).map(({ verdict }) => verdict)).toEqual(['verified', 'verified'])
  })

  it('are refused where a command runs alone, and for a time that cannot be', async () => {
    const cwd = folder()
    const command = await theater(['run', 'hello.wasm', '--answer', '3'], { cwd })
    expect(command.code).toBe(2)
    expect(command.stderr).toContain('--answer is for the actors of a manifest')
    for (const text of ['0', '0.01', 'x', '9999999'])
      expect((await theater(['call', 'echo', 'divide', '--answer', text], { cwd })).code).toBe(2)
    const manifest = folder({ 'theater.toml': `[host]\nanswerMs = 1\n${ECHO}` })
    const refused = await theater(['run', 'theater.toml'], { cwd: manifest })
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('answerMs')
  })
})
