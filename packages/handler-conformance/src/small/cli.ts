import assert from 'node:assert/strict'
import type { AnyHandler, InputStream, OutputStream } from '@theater/handler'
import type { Json } from '@theater/values'
import { bytes, errorOf } from '../outcome.ts'
import { withPart } from './part.ts'
import type { InterfaceLaw, Part } from './part.ts'

/** What a grant of `wasi:cli` lets an actor have. */
export interface CliMay {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** A text, or the stream that is connected. @default nothing */
  readonly stdin?: { readonly text: string } | 'connected'
  /** Whether what is written goes to the stream that is connected. @default to the actor's log */
  readonly output?: 'connected'
}

/** A handler of `wasi:cli` in one configuration. */
export interface CliSubject {
  /** For titles. */
  readonly name: string
  /** Makes the handler, with these as the streams that are connected. */
  readonly make: (streams: { readonly stdin: InputStream; readonly output: OutputStream }) => AnyHandler
  /** The grant of this, and of nothing else. */
  readonly grant: (may: CliMay) => Json
}

const ENVIRONMENT = 'wasi:cli/environment@0.2'
const ready = { ready: () => true, wait: () => Promise.resolve() }

/** Binds the handler under a grant of this, with streams that a law looks at. */
async function granted(
  subject: CliSubject,
  may: CliMay,
  run: (part: Part, written: readonly string[]) => void | Promise<void>,
): Promise<void> {
  const written: string[] = []
  const read = (): Uint8Array => bytes('connected')
  const stdin: InputStream = { read, blockingRead: async () => read(), pollable: ready }
  const output: OutputStream = {
    checkWrite: () => 1000,
    write: (chunk) => void written.push(new TextDecoder().decode(chunk)),
    flush: () => undefined,
    blockingFlush: () => Promise.resolve(),
    pollable: ready,
  }
  await withPart(subject.make({ stdin, output }), subject.grant(may), (part) => run(part, written))
}

/** All of a stream that ends. */
async function all(stream: InputStream): Promise<string> {
  let text = ''
  for (let n = 0; n < 100; n++) {
    let chunk: Uint8Array | undefined
    const error = await errorOf(() => {
      chunk = stream.read(4)
    })
    if (chunk === undefined) {
      assert.equal(error, 'closed')
      return text
    }
    text += new TextDecoder().decode(chunk)
  }
  return assert.fail('a stream does not end')
}

/** What `wasi:cli` says must be so, and that nothing of the host's own process shows. */
export const cliLaws: readonly InterfaceLaw<CliSubject>[] = [
  {
    name: 'the environment is that of the grant, and none without one',
    async run(subject) {
      for (const env of [{}, { B: '2', A: '1', PATH: '', __proto__x: 'y' }])
        await granted(subject, { env }, ({ fn }) => {
          const found = fn(ENVIRONMENT, 'getEnvironment')() as readonly (readonly [string, string])[]
          assert.deepEqual(Object.fromEntries(found), env)
        })
    },
  },
  {
    name: 'the arguments are those of the grant, in their order, and none without one',
    async run(subject) {
      for (const args of [[], ['prog', '-v', '', '-v', 'a b']])
        await granted(subject, { args }, ({ fn }) => {
          assert.deepEqual(fn(ENVIRONMENT, 'getArguments')(), args)
        })
    },
  },
  {
    name: 'no folder of the host shows, and no terminal',
    async run(subject) {
      await granted(subject, { stdin: 'connected', output: 'connected' }, ({ fn }) => {
        assert.equal(fn(ENVIRONMENT, 'initialCwd')(), undefined)
        for (const name of ['Stdin', 'Stdout', 'Stderr'])
          assert.equal(
            fn(`wasi:cli/terminal-${name.toLowerCase()}@0.2`, `getTerminal${name}`)(),
            undefined,
            name,
          )
      })
    },
  },
  {
    name: 'standard input is what the grant says: nothing, a text, or what is connected',
    async run(subject) {
      const stdin = ({ fn }: Part): InputStream => fn('wasi:cli/stdin@0.2', 'getStdin')() as InputStream
      await granted(subject, {}, async (part) => assert.equal(await all(stdin(part)), ''))
      await granted(subject, { stdin: { text: 'from the grant' } }, async (part) =>
        assert.equal(await all(stdin(part)), 'from the grant'),
      )
      await granted(subject, { stdin: 'connected' }, (part) =>
        assert.deepEqual(stdin(part).read(9), bytes('connected')),
      )
    },
  },
  {
    name: 'what is written goes to what is connected where that is granted, and else to the log',
    async run(subject) {
      for (const output of ['connected', undefined] as const)
        await granted(subject, output === undefined ? {} : { output }, ({ actor, fn }, written) => {
          for (const name of ['Stdout', 'Stderr']) {
            const stream = fn(`wasi:cli/${name.toLowerCase()}@0.2`, `get${name}`)() as OutputStream
            stream.write(bytes(`to ${name}\n`))
          }
          const lines = ['to Stdout', 'to Stderr']
          const logged = actor.lines.map(({ message }) => message)
          assert.deepEqual(logged, output === undefined ? lines : [])
          assert.deepEqual([...written], output === undefined ? [] : lines.map((line) => `${line}\n`))
        })
    },
  },
  {
    name: 'exit ends the actor: 0 for ok, 1 for an error, or the number that it says',
    async run(subject) {
      const ends: readonly (readonly [string, unknown, number])[] = [
        ['exit', { tag: 'ok' }, 0],
        ['exit', { tag: 'err' }, 1],
        ['exitWithCode', 0, 0],
        ['exitWithCode', 255, 255],
      ]
      for (const [name, status, code] of ends)
        await granted(subject, {}, ({ actor, fn }) => {
          fn('wasi:cli/exit@0.2', name)(status)
          assert.deepEqual(actor.exits, [code])
        })
    },
  },
]
