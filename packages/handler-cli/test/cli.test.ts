import { fakeActor } from '@theater/handler-conformance'
import { WitError } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { BASE64 } from '../src/grant.ts'
import { cli } from '../src/index.ts'
import type { CliGrant, CliOptions } from '../src/index.ts'
import { bytesInput, lineOutput, LineWriter } from '../src/stdio.ts'

const INPUT = 'wasi:io/streams@0.2#input-stream'
const OUTPUT = 'wasi:io/streams@0.2#output-stream'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk)

async function bound(grant: CliGrant, options: CliOptions = {}) {
  const actor = fakeActor({ id: 'main' })
  const binding = await cli(options).bind(actor, grant)
  return { actor, binding, imports: binding.imports }
}

function payload(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  throw new Error('it answered')
}

describe('without a grant', () => {
  test('there is nothing of the host', () => {
    const actor = fakeActor()
    const inert = cli({ connect: () => ({ stdin: bytesInput(bytes('secret')) }) }).inert?.(actor)
    const imports = inert!.imports
    expect(imports['wasi:cli/environment@0.2']?.getEnvironment()).toEqual([])
    expect(imports['wasi:cli/environment@0.2']?.getArguments()).toEqual([])
    expect(imports['wasi:cli/environment@0.2']?.initialCwd()).toBeUndefined()
    expect(imports['wasi:cli/terminal-stdin@0.2']?.getTerminalStdin()).toBeUndefined()
    expect(imports['wasi:cli/terminal-stdout@0.2']?.getTerminalStdout()).toBeUndefined()
    expect(imports['wasi:cli/terminal-stderr@0.2']?.getTerminalStderr()).toBeUndefined()
    expect(payload(() => imports['wasi:cli/stdin@0.2']?.getStdin().read(1))).toEqual({ tag: 'closed' })
    imports['wasi:cli/stdout@0.2']?.getStdout().write(bytes('out\n'))
    imports['wasi:cli/stderr@0.2']?.getStderr().write(bytes('err\n'))
    expect(actor.lines).toEqual([
      { level: 'info', message: 'out', fields: [['stream', 'stdout']] },
      { level: 'warn', message: 'err', fields: [['stream', 'stderr']] },
    ])
    imports['wasi:cli/exit@0.2']?.exit({ tag: 'err' })
    expect(actor.exits).toEqual([1])
  })
})

describe('environment', () => {
  test('is what was granted, sorted', async () => {
    const { imports } = await bound({ env: { B: '2', A: '1', 10: 'x' }, args: ['prog', '-v'] })
    expect(imports['wasi:cli/environment@0.2'].getEnvironment()).toEqual([
      ['10', 'x'],
      ['A', '1'],
      ['B', '2'],
    ])
    expect(imports['wasi:cli/environment@0.2'].getArguments()).toEqual(['prog', '-v'])
  })
})

describe('exit', () => {
  test('ends the actor, after what it still had to say', async () => {
    const { actor, imports } = await bound({})
    imports['wasi:cli/stdout@0.2'].getStdout().write(bytes('no line break'))
    expect(actor.lines).toEqual([])
    imports['wasi:cli/exit@0.2'].exitWithCode(7)
    imports['wasi:cli/exit@0.2'].exit({ tag: 'ok' })
    expect(actor.exits).toEqual([7, 0])
    expect(actor.lines.map((line) => line.message)).toEqual(['no line break'])
  })
})

describe('stdin', () => {
  test('a text is read to its end, by each handle from its beginning', async () => {
    const { imports } = await bound({ stdin: { text: 'hallo' } })
    const stdin = imports['wasi:cli/stdin@0.2'].getStdin()
    expect(text(stdin.read(3))).toBe('hal')
    expect(text(await stdin.blockingRead(100, new AbortController().signal))).toBe('lo')
    expect(payload(() => stdin.read(1))).toEqual({ tag: 'closed' })
    expect(text(imports['wasi:cli/stdin@0.2'].getStdin().read(9))).toBe('hallo')
  })

  test('can be bytes', async () => {
    const { imports } = await bound({ stdin: { base64: '/wAK' } })
    expect([...imports['wasi:cli/stdin@0.2'].getStdin().read(9)]).toEqual([0xff, 0, 10])
    const valid = (text: string): boolean => new RegExp(BASE64).test(text)
    expect(['', '/wAK', 'QQ==', 'QUI='].map(valid)).toEqual([true, true, true, true])
    expect(['Q', 'QQ', 'Q===', '/wAK\n', '_-AA', 'QQ==QQ=='].map(valid)).toEqual(Array(6).fill(false))
  })

  test('a text whose position a restart lost fails once, then is closed', async () => {
    const before = await bound({ stdin: { text: 'hallo' } })
    const description = before.binding.describe?.(INPUT, before.imports['wasi:cli/stdin@0.2'].getStdin())
    expect(description).toEqual({ stdio: 'stdin' })
    const after = await bound({ stdin: { text: 'hallo' } })
    const stdin = after.binding.resume?.(INPUT, description!) as ReturnType<typeof bytesInput>
    expect(payload(() => stdin.read(1))).toMatchObject({ tag: 'last-operation-failed' })
    expect(payload(() => stdin.read(1))).toEqual({ tag: 'closed' })
  })

  test('inherited without a connection it is closed', async () => {
    const { imports } = await bound({ stdin: 'inherit' })
    expect(payload(() => imports['wasi:cli/stdin@0.2'].getStdin().read(1))).toEqual({ tag: 'closed' })
  })

  test('inherited it is one stream, that a drop does not close', async () => {
    let disposed = 0
    const stdin = { ...bytesInput(bytes('abcd')), [Symbol.dispose]: () => void disposed++ }
    const { binding, imports } = await bound({ stdin: 'inherit' }, { connect: () => ({ stdin }) })
    const first = imports['wasi:cli/stdin@0.2'].getStdin()
    expect(text(first.read(2))).toBe('ab')
    first[Symbol.dispose]?.()
    const second = binding.resume?.(INPUT, { stdio: 'stdin' }) as typeof first
    expect(text(second.read(2))).toBe('cd')
    expect(disposed).toBe(0)
  })
})

describe('stdout and stderr', () => {
  test('go where the embedder connected them, if granted', async () => {
    const connected = fakeActor()
    const stdout = lineOutput(new LineWriter(connected, 'stdout', 100))
    const connect = (actor: string) => (actor === 'main' ? { stdout, stderr: stdout } : undefined)
    const { actor, imports } = await bound({ stdout: 'inherit' }, { connect })
    imports['wasi:cli/stdout@0.2'].getStdout().write(bytes('out\n'))
    imports['wasi:cli/stderr@0.2'].getStderr().write(bytes('err\n'))
    expect(connected.lines.map((line) => line.message)).toEqual(['out'])
    expect(actor.lines.map((line) => line.message)).toEqual(['err'])
  })

  test('resume after a restart', async () => {
    const { binding, imports } = await bound({})
    const description = binding.describe?.(OUTPUT, imports['wasi:cli/stderr@0.2'].getStderr())
    const after = await bound({})
    const stderr = after.binding.resume?.(OUTPUT, description!) as ReturnType<typeof lineOutput>
    stderr.write(bytes('again\n'))
    expect(after.actor.lines).toMatchObject([{ level: 'warn', message: 'again' }])
    expect(after.binding.describe?.(OUTPUT, stderr)).toEqual({ stdio: 'stderr' })
  })

  test.each([null, 3, 'stdin', {}, { stdio: 'other' }, { stdio: {} }])(
    'no stream is described by %o',
    async (json) => {
      const { binding } = await bound({})
      expect(binding.resume?.(OUTPUT, json)).toBeUndefined()
      expect(binding.resume?.(INPUT, json)).toBeUndefined()
      expect(binding.resume?.(OUTPUT, { stdio: 'stdin' })).toBeUndefined()
      expect(binding.resume?.(INPUT, { stdio: 'stdout' })).toBeUndefined()
      expect(binding.closed?.('wasi:io/streams@0.2#[method]input-stream.read')?.payload).toEqual({
        tag: 'closed',
      })
      expect(binding.closed?.('wasi:cli/stdin@0.2#get-stdin')).toBeUndefined()
    },
  )
})

describe('lines', () => {
  function written(maxLine: number, ...chunks: (string | Uint8Array)[]): string[] {
    const actor = fakeActor()
    const lines = new LineWriter(actor, 'stdout', maxLine)
    for (const chunk of chunks) lines.write(typeof chunk === 'string' ? bytes(chunk) : chunk)
    lines.end()
    lines.end()
    return actor.lines.map((line) => line.message)
  }

  test('are put together from pieces', () => {
    expect(written(100, 'hel', 'lo\nwor', 'ld\r\n\n', 'rest')).toEqual(['hello', 'world', '', 'rest'])
  })

  test('a character may come in pieces; what is no UTF-8 is replaced', () => {
    const umlaut = bytes('ä')
    expect(written(100, umlaut.slice(0, 1), umlaut.slice(1), '\n')).toEqual(['ä'])
    expect(written(100, new Uint8Array([0xff, 0x41, 0xc3]))).toEqual(['\ufffdA\ufffd'])
  })

  test('are never longer than the limit, break or no break', () => {
    expect(written(3, 'abcdefgh\nij')).toEqual(['abc', 'def', 'gh', 'ij'])
    expect(written(3, 'abc', 'def', 'g')).toEqual(['abc', 'def', 'g'])
    expect(written(3, 'abc\n')).toEqual(['abc'])
  })
})
