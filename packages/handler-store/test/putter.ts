// A process that puts and increments in a folder that another one uses too: `node putter.ts FOLDER FROM TO`.
import { fakeActor } from '@theater/handler-conformance'
import { store } from '@theater/handler-store'
import { directory } from '@theater/handler-store/directory'

const [folder = '', from = '0', to = '0'] = process.argv.slice(2)
const handler = store({ backend: directory(folder) })
const { imports } = await handler.bind(fakeActor({ id: `putter-${from}` }), {
  namespace: 'shared',
  rights: ['read', 'write', 'label'],
})
const blobs = imports['theater:store/blobs@0.1']
const bucket = imports['wasi:keyvalue/store@0.2.0-draft2'].open('b')
for (let n = Number(from); n < Number(to); n++) {
  await blobs.put(new TextEncoder().encode(`blob ${n}`.padEnd(100)))
  await imports['wasi:keyvalue/atomics@0.2.0-draft2'].increment(bucket, 'n', 1n)
}
await handler[Symbol.asyncDispose]?.()
