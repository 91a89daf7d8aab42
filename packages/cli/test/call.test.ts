import { describe, expect, it } from 'vitest'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

/** A folder in which echo runs already. */
const withEcho = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  return cwd
})

describe('call', () => {
  it('calls an export by its full id, its track name, and without a version', async () => {
    const cwd = await withEcho()
    const message = '{"format": "a/b", "body": {"utf8": "hallo"}}'
    for (const name of [
      'theater:messaging/responder@0.1.0#handle-request',
      'theater:messaging/responder@0.1#handle-request',
      'theater:messaging/responder#handle-request',
    ]) {
      const ran = await theater(['call', 'echo', name, '"host"', message, '--json'], { cwd })
      expect(ran).toEqual({
        code: 0,
        stdout: '{"ok":{"format":"a/b","body":{"utf8":"hallo"}}}\n',
        stderr: '',
      })
    }
  })

  it('sends a message of the kit, and prints the reply decoded', async () => {
    const cwd = await withEcho()
    const ran = await theater(['call', 'echo', 'summary', '{"a": [1, null, "ü"]}'], { cwd })
    expect(ran).toEqual({
      code: 0,
      stdout: '{"ok":{"type":"summary","body":{"a":[1,null,"ü"]}}}\n',
      stderr: '',
    })
    const bare = await theater(['call', 'echo', 'summary', '--json'], { cwd })
    expect(objects(bare)).toEqual([{ ok: { type: 'summary' } }])
  })

  it('gives err as err, with exit code 4', async () => {
    const cwd = await withEcho()
    expect(await theater(['call', 'echo', 'divide', '-7', '2'], { cwd })).toMatchObject({
      code: 0,
      stdout: '{"ok":-3}\n',
    })
    expect(await theater(['call', 'echo', 'divide', '7', '0'], { cwd })).toMatchObject({
      code: 4,
      stdout: '{"err":"division by zero"}\n',
      stderr: '',
    })
    const failed = await theater(['call', 'echo', 'fail', '--json'], { cwd })
    expect(objects(failed)).toEqual([{ err: { code: 'refused', message: '{"type":"fail"}' } }])
    expect(failed.code).toBe(4)
  })

  it('gives a trap as err, with exit code 4, and the actor lives on', async () => {
    const cwd = await withEcho()
    const trapped = await theater(['call', 'echo', 'boom', '--json'], { cwd })
    expect(objects(trapped)).toEqual([{ err: { trapped: 'guest' } }])
    expect(trapped.stderr).toBe('echo trapped (guest)\n')
    expect(trapped.code).toBe(4)
    expect((await theater(['call', 'echo', 'divide', '1', '1'], { cwd })).code).toBe(0)
    expect(objects(await theater(['verify', 'echo', '--json'], { cwd }))).toMatchObject([
      { verdict: 'verified' },
    ])
  })

  it.for([
    [['ech', 'divide'], 'Did you mean echo?'],
    [
      ['echo', 'theater:messaging/responder#handle-requst'],
      'Did you mean theater:messaging/responder#handle-request?',
    ],
    [['echo', 'no such'], 'Exports: '],
    [['echo', 'divide', '1'], 'takes 2 arguments (a, b), not 1'],
    [['echo', 'divide', '1', '1.5'], 'b: '],
    [['echo', 'divide', '1', '3000000000'], 'b: 3000000000'],
    [['echo', 'divide', '1', 'two'], `two is not JSON. A string has quotes of its own: '"two"'.`],
    [['echo', 'divide', '1', '{'], 'is not JSON'],
    [['echo', 'summary', '1', '2'], 'has one body, not 2'],
    [['echo', 'theater:messaging/responder#handle-request', '"host"', '{"format":"a","body":"x"}'], '"utf8"'],
    [
      ['echo', 'theater:messaging/responder#handle-request', '"nobody"', '{"format":"a","body":[]}'],
      '"nobody"',
    ],
  ] as const)('%j is exit code 2 and says %s', async ([args, message]) => {
    const cwd = await withEcho()
    const { code, stdout, stderr } = await theater(['call', ...args], { cwd })
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(code).toBe(2)
    // A slip of the pen leaves no trace in the record.
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([{ events: 4 }])
  })

  it('shows what actors log, and nothing of it steers the terminal', async () => {
    const cwd = await withEcho()
    const body = JSON.stringify('\u001b[2J\u202e\u009b\nsecond')
    const { stdout, stderr } = await theater(['call', 'echo', 'log', body], { cwd })
    expect(stderr).toContain('echo info ')
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(stdout + stderr).not.toMatch(/[\u001b\u009b\u202e]/)
    expect(JSON.parse(stdout)).toEqual({ ok: { type: 'log', body: '\u001b[2J\u202e\u009b\nsecond' } })
  })

  it('says that an actor was stopped', async () => {
    const cwd = folder()
    await theater(['run', 'hello.wasm'], { cwd })
    const { code, stderr } = await theater(['call', 'hello', 'wasi:cli/run#run'], { cwd })
    expect(stderr).toContain('hello was stopped')
    expect(code).toBe(4)
  })
})
