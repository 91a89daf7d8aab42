import type { TheaterProcessPrograms } from '@theater/wit'
import type { Programs } from '../capabilities.ts'
import { ProgramError } from '../host-errors.ts'
import { payloadOf } from './host.ts'

/** `ctx.run`, over the host's programs. */
export function makePrograms(programs: typeof TheaterProcessPrograms): Programs {
  return {
    run(program, args = [], { stdin = '' } = {}) {
      const input = typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin
      const output = asked(program, () => programs.run(program, [...args], input))
      return {
        exitCode: output.exitCode ?? null,
        stdout: output.stdout,
        stderr: output.stderr,
        text: () => new TextDecoder('utf-8', { fatal: true }).decode(output.stdout),
      }
    },
  }
}

function asked<T>(program: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterProcessPrograms.Error>(thrown)
    if (error === undefined) throw thrown
    throw new ProgramError(program, error)
  }
}
