// A host that ends itself with SIGKILL in the middle of a change to a file:
// `node crash-files.ts FILE.db MOUNT METHOD AT WHEN ARGS…`. The AT-th call of the backend's METHOD; WHEN: `before` or
// `after` it was done. ARGS: of the program `files`.
import { sqliteStore } from '@theater/event-chain/sqlite'
import { cli } from '@theater/handler-cli'
import { fs, handleBackend } from '@theater/handler-fs'
import type { Backend } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'
import { cache } from './actors.ts'
import { files, grantsOf, RUN } from './files-guest.ts'

type Method = 'write' | 'append' | 'rename' | 'createFile'

const [file, mount, method, at, when, ...args] = process.argv.slice(2) as [
  string,
  string,
  Method,
  string,
  string,
]
const backend = handleBackend()
let calls = 0
const die = (): void => void process.kill(process.pid, 'SIGKILL')
const deadly: Backend = {
  ...backend,
  [method](...values: never[]) {
    calls++
    if (calls < Number(at)) return (backend[method] as (...all: never[]) => unknown)(...values)
    if (when === 'before') die()
    const done = (backend[method] as (...all: never[]) => unknown)(...values)
    if (!(done instanceof Promise)) die()
    return (done as Promise<unknown>).then(die)
  },
}
const theater = await Theater.open({
  store: sqliteStore(file),
  handlers: [fs({ backend: deadly }), cli()],
  cache,
})
await theater.spawn({ id: 'files', component: files, grants: grantsOf(mount, args) })
await theater.call('files', RUN, [])
throw new Error('the host should have been killed before')
