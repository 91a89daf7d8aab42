import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { conformance } from '@theater/handler-conformance/vitest'
import type { Deed, GuestCall, SampleCall } from '@theater/handler-conformance'
import type { OutputStream } from '@theater/handler'
import fc from 'fast-check'
import { cli } from '../src/index.ts'
import type { CliGrant } from '../src/index.ts'
import { bytesInput } from '../src/stdio.ts'
import { atLarge } from './at-large.ts'

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

/** Who is connected to a stream has it; else nothing of the host is reached. */
const deed = fc.constantFrom('stdout', 'stderr').map((name): Deed => ({
  fn: `wasi:cli/${name}@0.2#get-${name}`,
  args: () => [],
  makes: OUTPUT,
  use: (stream) => (stream as OutputStream).write(text),
  needs: (grant) => (grant as CliGrant)[name as 'stdout' | 'stderr'] === 'inherit',
}))

const [STDIN, STDOUT] = ['wasi:cli/stdin@0.2#get-stdin', 'wasi:cli/stdout@0.2#get-stdout']
const STREAMS = 'wasi:io/streams@0.2'
const POLL = 'wasi:io/poll@0.2'
const input = (name: string): string => `${STREAMS}#[method]input-stream.${name}`
const output = (name: string): string => `${STREAMS}#[method]output-stream.${name}`
const text = new TextEncoder().encode('a line\nand half a')

/** What a program does with its streams, before it exits. */
const guestCalls: readonly GuestCall[] = [
  ...calls.slice(0, -2),
  { fn: output('check-write'), args: (made) => [made(STDOUT)] },
  { fn: output('write'), args: (made) => [made(STDOUT), new Uint8Array([104, 105, 10])] },
  { fn: output('flush'), args: (made) => [made(STDOUT)] },
  { fn: output('blocking-write-and-flush'), args: (made) => [made(STDOUT), text] },
  { fn: output('blocking-flush'), args: (made) => [made(STDOUT)] },
  // Where the text of a grant had got to is in the record, not in the host.
  { fn: input('read'), args: (made) => [made(STDIN), 3n], breaks: true },
  { fn: input('blocking-read'), args: (made) => [made(STDIN), 3n], breaks: true },
  { fn: input('subscribe'), args: (made) => [made(STDIN)], makes: `${POLL}#pollable` },
  { fn: `${POLL}#[method]pollable.ready`, args: (made) => [made(input('subscribe'))] },
  { fn: `${POLL}#[method]pollable.block`, args: (made) => [made(input('subscribe'))] },
  { fn: `${POLL}#poll`, args: (made) => [new Uint32Array([made(input('subscribe')) as number])] },
  { fn: `${POLL}#[drop]pollable`, args: (made) => [made(input('subscribe'))] },
  { fn: `${STREAMS}#[drop]input-stream`, args: (made) => [made(STDIN)] },
  { fn: `${STREAMS}#[drop]output-stream`, args: (made) => [made(STDOUT)] },
  ...calls.slice(-2),
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
    atLarge,
    deeds: { deed },
    grants,
    least: {},
    guest: { component: relayGuest('cli'), exportOf: relayed, trap: TRAP, calls: guestCalls },
    calls,
  })
}
