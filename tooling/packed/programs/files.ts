// An actor with a directory: reads and writes in it, is refused what lies outside, and its record goes into a file.
// Run as `files.ts COMPONENT DIRECTORY RECORD`.
import { readFile, writeFile } from 'node:fs/promises'
import { memoryStore } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'

const [component, host, record] = process.argv.slice(2) as [string, string, string]
const store = memoryStore()
await using theater = await Theater.open({ store, handlers: [fs()] })
const actor = await theater.spawn({
  id: 'files',
  component: await readFile(component),
  grants: { fs: { mounts: { '/data': { host, rights: 'rw' } } } },
})
const call = (name: string, ...args: unknown[]) => theater.call('files', `test:relay/${name}`, args)
/** What a function with an error case answered: the value, or the case. */
const answer = async (name: string, ...args: unknown[]) => {
  const { tag, val } = (await call(name, ...args)) as { tag: 'ok' | 'err'; val: unknown }
  return tag === 'ok' ? val : `refused: ${String(val)}`
}
const [[data]] = (await call('preopens#get-directories')) as [[number, string]]
const open = (path: string, how: object, rights: object) =>
  answer('types#descriptor-open-at', data, {}, path, how, rights)

const given = await open('given.txt', {}, { read: true })
const [bytes] = (await answer('types#descriptor-read', given, 100n, 0n)) as [Uint8Array, boolean]
console.log('read:', new TextDecoder().decode(bytes))
const made = await open('made.txt', { create: true }, { write: true })
console.log('written:', await answer('types#descriptor-write', made, bytes, 0n))
console.log('../outside.txt', await open('../outside.txt', {}, { read: true }))
console.log('nowhere.txt', await open('nowhere.txt', {}, { read: true }))

await writeFile(record, await Array.fromAsync(exportCar(store, [actor.chain])))
