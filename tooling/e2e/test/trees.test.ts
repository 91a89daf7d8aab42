import { createHash } from 'node:crypto'
import { memoryStore } from '@theater/event-chain'
import { relayed, relayGuest } from '@theater/guests/relay'
import { cli } from '@theater/handler-cli'
import { fs, type FsGrant } from '@theater/handler-fs'
import { blocks, memory, store, type StoreBackend } from '@theater/handler-store'
import { Theater } from '@theater/runtime'
import type { LogLine } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { cache } from './support/actors.ts'
import { files } from './support/files-guest.ts'
import { exitCode, linesOf, verify } from './support/files.ts'

const PUT = relayed('theater:store/blobs@0.1#put')

/** A host with a store; one actor may put into the namespace that trees are mounted from. */
async function host(backend: StoreBackend) {
  const chains = memoryStore()
  const lines: LogLine[] = []
  const theater = await Theater.open({
    store: chains,
    handlers: [cli(), fs({ trees: blocks(backend, { namespace: 'trees' }) }), store({ backend })],
    cache,
    log: (line) => lines.push(line),
  })
  await theater.spawn({
    id: 'maker',
    component: relayGuest('store'),
    grants: { store: { namespace: 'trees', rights: ['write'] } },
  })
  /** The maker puts a text; its hash. */
  const put = async (text: string): Promise<string> => {
    const answer = (await theater.call('maker', PUT, [new TextEncoder().encode(text)])) as { val: Uint8Array }
    return Buffer.from(answer.val).toString('hex')
  }
  /** Runs `files ARGS` with mounts. */
  const run = async (args: readonly string[], mounts: FsGrant['mounts']) => {
    lines.length = 0
    const id = `reader-${createHash('sha256').update(args.join()).digest('hex').slice(0, 8)}`
    const grants = { cli: { args: ['files', ...args] }, fs: { mounts } }
    const { chain } = await theater.spawn({ id, component: files, grants })
    const code = await exitCode(theater, id)
    const verdict = (await verify(chains, chain)).verdict
    return { code, out: linesOf(lines, 'stdout'), err: linesOf(lines, 'stderr'), verdict }
  }
  return { put, run, [Symbol.asyncDispose]: () => theater[Symbol.asyncDispose]() }
}

describe('a tree that one actor made', () => {
  it('is a directory of another one, and its record is verified without any store', async () => {
    await using site = await host(memory())
    const text = await site.put('text of the maker\n')
    const inner = await site.put(`{"tree":1,"entries":[["b.txt","file","${text}",18]]}`)
    const top = await site.put(
      `{"tree":1,"entries":[["a.txt","file","${text}",18],["sub","directory","${inner}"]]}`,
    )
    const mounts = { '/in': { tree: `sha256:${top}` } }
    const verified = { code: 0, err: [], verdict: 'verified' }
    expect(await site.run(['ls', '/in'], mounts)).toEqual({ ...verified, out: ['a.txt', 'sub/'] })
    expect(await site.run(['cat', '/in/sub/b.txt'], mounts)).toEqual({
      ...verified,
      out: ['text of the maker'],
    })
    const below = { '/in': { tree: `sha256:${top}`, path: 'sub' } }
    expect(await site.run(['stat', '/in/b.txt'], below)).toEqual({ ...verified, out: ['file 18'] })
    expect(await site.run(['write', '/in/a.txt', 'x'], mounts)).toMatchObject({
      code: 1,
      err: [expect.stringContaining('Read-only file system')],
      verdict: 'verified',
    })
  })

  it('is not mounted where a part of it is missing, or was put into another namespace', async () => {
    const backend = memory()
    await using site = await host(backend)
    const lost = createHash('sha256').update('lost').digest('hex')
    const top = await site.put(`{"tree":1,"entries":[["a.txt","file","${lost}",4]]}`)
    const mounts = { '/in': { tree: `sha256:${top}` } }
    await expect(site.run(['ls', '/in'], mounts)).rejects.toMatchObject({ code: 'missing' })
    await using elsewhere = await host(memory())
    await expect(elsewhere.run(['ls', '/in'], mounts)).rejects.toMatchObject({ code: 'missing' })
  })
})
