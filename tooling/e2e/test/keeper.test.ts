import { rejects } from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryStore } from '@theater/event-chain'
import type { Store } from '@theater/event-chain'
import { cGuest } from '@theater/guests'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { linesOf, place, verify } from './support/files.ts'

const EBADF = 8
const EIO = 29
const ENOENT = 44
const ok = (val?: unknown) => ({ tag: 'ok', val })
const err = (val: number) => ({ tag: 'err', val })

/** A theater with one `keeper` (`tooling/guests/c/keeper.c`), which can be closed and opened again. */
class Stage implements AsyncDisposable {
  readonly store: Store = memoryStore()
  readonly lines: LogLine[] = []
  chain = new Uint8Array()
  #theater: Theater | undefined

  static async make(mount: string, stdin: string): Promise<Stage> {
    const stage = new Stage()
    await stage.restart()
    const grants = {
      cli: { stdin: { text: stdin } },
      fs: { mounts: { '/data': { host: mount, rights: 'rw' } } },
    }
    const info = await stage.#theater!.spawn({ id: 'keeper', component: cGuest('keeper'), grants })
    stage.chain = info.chain as Uint8Array<ArrayBuffer>
    return stage
  }

  async restart(): Promise<void> {
    await this.#theater?.close()
    const log = (line: LogLine): void => void this.lines.push(line)
    this.#theater = await Theater.open({ store: this.store, handlers: [fs(), cli()], cache, log })
  }

  call(fn: string, ...args: unknown[]): Promise<unknown> {
    return this.#theater!.call('keeper', fn, args)
  }

  /** Opens a file, and answers its descriptor. */
  async open(path: string, mode: string): Promise<number> {
    return ((await this.call('open', path, mode)) as { readonly val: number }).val
  }

  /** The host goes down and comes back, or the guest traps. */
  async interrupt(how: 'restart' | 'trap', fd: number): Promise<void> {
    if (how === 'restart') return this.restart()
    await rejects(() => this.call('write-and-trap', fd, 'trapped', 100n), { code: 'trapped' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#theater?.close()
  }
}

describe.for(['restart', 'trap'] as const)('what a C program holds, after a %s', (how) => {
  it('goes on: descriptors, preopens and memory as before, streams broken once', async () => {
    const { mount } = place()
    writeFileSync(join(mount, 'read'), 'one two three four')
    await using stage = await Stage.make(mount, '')
    const read = await stage.open('/data/read', 'r')
    const written = await stage.open('/data/written', 'w+')
    expect(await stage.call('read-on', read, 3)).toEqual(ok('one'))
    expect(await stage.call('read-at', read, 3, 4n)).toEqual(ok('two'))
    expect(await stage.call('write-on', written, 'stream')).toEqual(ok())
    expect(await stage.call('write-at', written, 'position', 10n)).toEqual(ok())
    expect(await stage.call('calls')).toBe(6)

    await stage.interrupt(how, written)

    expect(await stage.call('calls')).toBe(7)
    // Descriptors answer by position, in both directions.
    expect(await stage.call('read-at', read, 5, 8n)).toEqual(ok('three'))
    expect(await stage.call('write-at', written, 'POSITION', 10n)).toEqual(ok())
    expect(await stage.call('read-at', written, 8, 10n)).toEqual(ok('POSITION'))
    // A stream's place is lost: the program is told, not given an end that is not there.
    expect(await stage.call('read-on', read, 3)).toEqual(err(EIO))
    expect(await stage.call('write-on', written, 'stream')).toEqual(err(EIO))
    // Preopens are held from the beginning: whatever is opened by name goes through them.
    expect(await stage.call('exists', '/data/written')).toEqual(ok())
    expect(await stage.call('exists', '/data/nothing')).toEqual(err(ENOENT))
    expect(await stage.call('close', written)).toEqual(ok())
    expect(await stage.call('close', read)).toEqual(ok())
    const text = readFileSync(join(mount, 'written'), 'latin1')
    // What a turn did to the world before it trapped stays done.
    expect(text).toBe(`stream\0\0\0\0POSITION${how === 'trap' ? `${'\0'.repeat(82)}trapped` : ''}`)
    expect(await verify(stage.store, stage.chain)).toMatchObject({
      verdict: 'verified',
      undone: how === 'trap' ? 1 : 0,
    })
  })

  it('goes on: standard output and error; standard input is cut', async () => {
    const { mount } = place()
    const [first, second] = ['x'.repeat(5000), 'y'.repeat(5000)]
    await using stage = await Stage.make(mount, `${first}\n${second}\n`)
    const written = await stage.open('/data/written', 'w')
    await stage.call('say', 'before')
    expect(await stage.call('listen')).toBe(first)

    await stage.interrupt(how, written)

    await stage.call('say', 'after')
    expect(linesOf(stage.lines, 'stdout')).toEqual(['before', 'after'])
    // libc has read ahead a part of the second line; the rest is lost with the stream, and half a line is no line.
    expect(await stage.call('listen')).toBeUndefined()
    expect(await verify(stage.store, stage.chain)).toMatchObject({ verdict: 'verified' })
  })

  it('does not go on where another object has its name', async () => {
    const { mount } = place()
    writeFileSync(join(mount, 'mine'), 'mine')
    await using stage = await Stage.make(mount, '')
    const mine = await stage.open('/data/mine', 'r')
    const written = await stage.open('/data/written', 'w')
    writeFileSync(join(mount, 'other'), 'other')

    renameSync(join(mount, 'other'), join(mount, 'mine'))
    expect(await stage.call('read-at', mine, 9, 0n)).toEqual(ok('mine'))
    await stage.interrupt(how, written)

    expect(await stage.call('read-at', mine, 9, 0n)).toEqual(err(EBADF))
    expect(await stage.call('close', mine)).toEqual(ok())
    expect(await stage.call('exists', '/data/mine')).toEqual(ok())
    expect(await verify(stage.store, stage.chain)).toMatchObject({ verdict: 'verified' })
  })
})
