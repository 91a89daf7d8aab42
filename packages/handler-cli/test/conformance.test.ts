import { conformance } from '@theater/handler-conformance/vitest'
import type { SampleCall } from '@theater/handler-conformance'
import { cli } from '../src/index.ts'
import type { CliGrant } from '../src/index.ts'
import { bytesInput } from '../src/stdio.ts'

const INPUT = 'wasi:io/streams@0.2#input-stream'
const OUTPUT = 'wasi:io/streams@0.2#output-stream'

const inherit: CliGrant = { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' }
const data: CliGrant = { env: { HOME: '/' }, args: ['a', 'b'], stdin: { text: 'hello' } }

const calls: readonly SampleCall[] = [
  { fn: 'wasi:cli/environment@0.2#get-environment', args: () => [] },
  { fn: 'wasi:cli/environment@0.2#get-arguments', args: () => [] },
  { fn: 'wasi:cli/environment@0.2#initial-cwd', args: () => [] },
  { fn: 'wasi:cli/stdin@0.2#get-stdin', args: () => [], makes: INPUT, resumes: true },
  { fn: 'wasi:cli/stdout@0.2#get-stdout', args: () => [], makes: OUTPUT, resumes: true },
  { fn: 'wasi:cli/stderr@0.2#get-stderr', args: () => [], makes: OUTPUT, resumes: true },
  { fn: 'wasi:cli/terminal-stdin@0.2#get-terminal-stdin', args: () => [] },
  { fn: 'wasi:cli/terminal-stdout@0.2#get-terminal-stdout', args: () => [] },
  { fn: 'wasi:cli/terminal-stderr@0.2#get-terminal-stderr', args: () => [] },
  { fn: 'wasi:cli/exit@0.2#exit', args: () => [{ tag: 'err' }] },
  { fn: 'wasi:cli/exit@0.2#exit-with-code', args: () => [7] },
]

for (const [name, grants] of [
  ['cli, connected', [inherit, { stdout: 'inherit' }, data]],
  ['cli, from the grant', [{ ...inherit, ...data }, data, { stdin: 'none' }]],
] as const) {
  conformance({
    name,
    make: () => {
      const touched: string[] = []
      const stdout = {
        checkWrite: () => 9,
        flush: () => {},
        blockingFlush: () => Promise.resolve(),
        write: () => void touched.push('write'),
        pollable: bytesInput(new Uint8Array()).pollable,
      }
      const connect = () => ({ stdin: bytesInput(new Uint8Array(9)), stdout, stderr: stdout })
      return { handler: cli({ connect }), state: () => [...touched] }
    },
    bare: cli,
    grants,
    least: {},
    calls,
  })
}
