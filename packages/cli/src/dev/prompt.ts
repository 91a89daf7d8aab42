import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import type { Theater } from '@theater/runtime'
import { answer, noteFailure } from '../answer.ts'
import { CliError } from '../errors.ts'
import type { Host } from '../host.ts'
import { jsonLine } from '../output.ts'
import type { Output } from '../output.ts'
import { resolveTarget } from '../target.ts'

/** Lines of standard input, one after the other. */
export class Prompt implements Disposable {
  /** Resolves when a person ends it with Ctrl-D. */
  readonly ended: Promise<void>
  readonly #lines: Interface

  /** @param take called with each line that says something */
  constructor(take: (line: string) => void) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#lines = createInterface({ input: process.stdin, terminal: false })
    this.#lines.on('line', (line) => {
      if (line.trim() !== '') take(line.trim())
    })
    // A pipe that has said all leaves the actor running.
    this.#lines.on('close', () => {
      if (process.stdin.isTTY) resolve()
    })
  }

  [Symbol.dispose](): void {
    this.#lines.close()
  }
}

/** Calls what a line says, `NAME` or `NAME JSON`. Gives what prints the answer: what it did meanwhile is shown before. */
export async function say(
  line: string,
  actor: string,
  { host, theater, output }: { readonly host: Host; readonly theater: Theater; readonly output: Output },
): Promise<() => Promise<void>> {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
  const target = await resolveTarget(host.store, actor, name, rest === '' ? [] : [parse(rest)])
  const given = await answer(theater, actor, target, 30_000)
  return async () => {
    const json = { kind: 'answer', actor, message: name, answer: given.json }
    await output.result(json, () => jsonLine(given.json))
    noteFailure(given, actor, host.maps, output)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CliError('bad-arguments', `${text} is not JSON. Write NAME, or NAME JSON: add {"by": 2}`, {
      cause,
    })
  }
}
