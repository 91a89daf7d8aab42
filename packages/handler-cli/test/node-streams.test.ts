import { PassThrough, Readable, Writable } from 'node:stream'
import { WitError } from '@theater/handler'
import { describe, expect, test } from 'vitest'
import { readableInput, writableOutput } from '../src/index.ts'

const never = new AbortController().signal
const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

async function payload(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
  throw new Error('it answered')
}

describe('readableInput', () => {
  test('reads what is there, waits for more, ends', async () => {
    const source = new PassThrough()
    const input = readableInput(source)
    expect(input.pollable.ready()).toBe(false)
    expect(input.read(5)).toEqual(new Uint8Array())
    source.write('hello world')
    await input.pollable.wait(never)
    expect(input.pollable.ready()).toBe(true)
    expect(text(input.read(5))).toBe('hello')
    expect(text(await input.blockingRead(100, never))).toBe(' world')
    const last = input.blockingRead(100, never)
    source.end()
    expect(await payload(() => last)).toEqual({ tag: 'closed' })
    expect(input.pollable.ready()).toBe(true)
    await input.pollable.wait(never)
  })

  test('reads everything of a stream in order', async () => {
    const parts = Array.from({ length: 50 }, (_, n) => Buffer.from(`part ${n};`))
    const input = readableInput(Readable.from(parts, { objectMode: false }))
    let all = ''
    const done = await payload(async () => {
      for (;;) all += text(await input.blockingRead(7, never))
    })
    expect(done).toEqual({ tag: 'closed' })
    expect(all).toBe(parts.join(''))
  })

  test('a failure is told once and says nothing of the host', async () => {
    const source = new PassThrough()
    const input = readableInput(source)
    source.destroy(Object.assign(new Error("EACCES: '/home/me/secret'"), { code: 'EACCES' }))
    await input.pollable.wait(never)
    const first = await payload(() => input.read(1))
    expect(first).toMatchObject({ tag: 'last-operation-failed' })
    expect((first as { val: { toDebugString(): string } }).val.toDebugString()).toBe(
      'the stream failed: EACCES',
    )
    expect(await payload(() => input.read(1))).toEqual({ tag: 'closed' })
  })

  test('abort rejects, and leaves no listener', async () => {
    const source = new PassThrough()
    const input = readableInput(source)
    const before = source.eventNames().map((name) => source.listenerCount(name))
    const controller = new AbortController()
    const waits = Array.from({ length: 30 }, () => input.pollable.wait(controller.signal))
    expect(source.listenerCount('readable')).toBe(1)
    controller.abort(new Error('stopped'))
    for (const wait of waits) await expect(wait).rejects.toThrow('stopped')
    expect(source.eventNames().map((name) => source.listenerCount(name))).toEqual(before)
  })
})

describe('writableOutput', () => {
  test('writes, flushes, and holds back when the other side does', async () => {
    const chunks: string[] = []
    const taken: (() => void)[] = []
    const sink = new Writable({
      highWaterMark: 4,
      write(chunk: Buffer, _encoding, callback) {
        chunks.push(chunk.toString())
        taken.push(callback)
      },
    })
    const output = writableOutput(sink)
    expect(output.checkWrite()).toBeGreaterThan(0)
    output.write(bytes('hello'))
    expect(output.checkWrite()).toBe(0)
    expect(output.pollable.ready()).toBe(false)
    const flushed = output.blockingFlush(never)
    while (taken.length > 0) {
      taken.shift()?.()
      await new Promise(setImmediate)
    }
    await flushed
    expect(output.checkWrite()).toBeGreaterThan(0)
    expect(chunks.join('')).toBe('hello')
  })

  test('a failure is told once, then the stream is closed', async () => {
    const sink = new Writable({
      write: (_chunk, _encoding, callback) => callback(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    })
    const output = writableOutput(sink)
    output.write(bytes('x'))
    await new Promise(setImmediate)
    expect(output.pollable.ready()).toBe(true)
    expect(await payload(() => output.checkWrite())).toMatchObject({ tag: 'last-operation-failed' })
    expect(await payload(() => output.checkWrite())).toEqual({ tag: 'closed' })
    expect(await payload(() => output.write(bytes('y')))).toEqual({ tag: 'closed' })
    expect(await payload(() => output.blockingFlush(never))).toEqual({ tag: 'closed' })
  })

  test('an ended stream is closed; abort rejects a flush', async () => {
    const stuck = writableOutput(new Writable({ write: () => {} }))
    stuck.write(bytes('x'))
    const controller = new AbortController()
    const flush = stuck.blockingFlush(controller.signal)
    controller.abort(new Error('stopped'))
    await expect(flush).rejects.toThrow('stopped')

    const sink = new PassThrough()
    const output = writableOutput(sink)
    sink.end()
    expect(await payload(() => output.checkWrite())).toEqual({ tag: 'closed' })
  })
})
