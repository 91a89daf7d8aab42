// A command of wasi:cli in C, with arguments and a directory. Run as `command.ts COMPONENT DIRECTORY ARGUMENTS...`.
import { readFile } from 'node:fs/promises'
import { memoryStore } from '@theater/event-chain'
import { cli } from '@theater/handler-cli'
import { fs } from '@theater/handler-fs'
import { Theater } from '@theater/runtime'

const [component, host, ...args] = process.argv.slice(2) as [string, string]
await using theater = await Theater.open({
  store: memoryStore(),
  handlers: [fs(), cli()],
  log: ({ message }) => console.log(message),
})
await theater.spawn({
  id: 'command',
  component: await readFile(component),
  grants: {
    fs: { mounts: { '/data': { host, rights: 'r' } } },
    cli: { args: ['files', ...args], stdout: 'log' },
  },
})
await theater.call('command', 'wasi:cli/run@0.2#run', [])
