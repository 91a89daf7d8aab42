import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { handleBackend, putTree } from '@theater/handler-fs'
import { blocks, collect, memory } from '@theater/handler-store'
import { expect, it } from 'vitest'
import { folder } from './support/theater.ts'

it('a tree of files is kept in the store, block by block, and whole while its top is', async () => {
  const host = folder({ 'a.txt': 'one' })
  mkdirSync(join(host, 'sub'))
  writeFileSync(join(host, 'sub/b.txt'), 'two')
  const backend = memory()
  const into = blocks(backend, { namespace: 'trees' })
  const hash = await putTree(into, handleBackend(), host)
  const top = Buffer.from(hash.replace('sha256:', ''), 'hex')
  const cid = Uint8Array.from([0x01, 0x55, 0x12, 0x20, ...top])
  expect(JSON.parse(new TextDecoder().decode(await into.get(cid)))).toMatchObject({ tree: 1 })
  const before = Number.MAX_SAFE_INTEGER
  const all = await backend.blobs()
  // Two directories, their files, and the guests that are in every folder here.
  expect(all.length).toBeGreaterThan(4)
  const keep = () => new Set([top.toString('hex')])
  expect(await collect(backend, { keep, before })).toMatchObject({ freed: [], kept: all.length })
  expect((await collect(backend, { keep: () => new Set(), before })).freed).toEqual(all)
  expect(await into.get(cid)).toBeUndefined()
})

it('another CID is not of a blob, and another namespace is not this one', async () => {
  const backend = memory()
  const mine = blocks(backend, { actor: 'a' })
  const cid = Uint8Array.from([0x01, 0x55, 0x12, 0x20, ...new Uint8Array(32)])
  await mine.put(cid, new Uint8Array([1]))
  expect(await mine.get(cid)).toEqual(new Uint8Array([1]))
  expect(await blocks(backend, { namespace: 'a' }).get(cid)).toBeUndefined()
  for (const other of [cid.with(1, 0x71), cid.subarray(1), new Uint8Array()]) {
    expect(await mine.get(other)).toBeUndefined()
    await expect(mine.put(other, new Uint8Array())).rejects.toThrow('not that of a blob')
  }
})
