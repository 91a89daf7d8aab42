import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processError, startError } from './errors.ts'
import type { ProgramGrant } from './grant.ts'
import { killGroup, killTree } from './tree.ts'

/** What a program left. */
export interface Output {
  readonly exitCode: number | undefined
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/** One run of a program. */
export interface Run {
  readonly program: ProgramGrant
  readonly args: readonly string[]
  readonly stdin: Uint8Array
  readonly timeoutMs: number
  readonly maxOutputBytes: number
  /** For an error that says how much may be given. */
  readonly maxArgumentBytes: number
  /** Ends it. */
  readonly signal: AbortSignal
}

/**
 * Runs a program, in a process group of its own, and waits until it and its streams have ended.
 *
 * @throws WitError with the case of the interface; the signal's reason; what keeps the host from starting anything
 */
export async function run(order: Run): Promise<Output> {
  const { cwd } = order.program
  if (cwd !== undefined) return await runIn(cwd, order)
  const folder = await mkdtemp(join(tmpdir(), 'theater-process-'))
  try {
    return await runIn(folder, order)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runIn(cwd: string, order: Run): Promise<Output> {
  const { program, args, stdin, timeoutMs, maxOutputBytes, maxArgumentBytes, signal } = order
  signal.throwIfAborted()
  let child: ReturnType<typeof start>
  try {
    child = start(program.path, args, cwd, program.env ?? {})
    await once(child, 'spawn')
  } catch (error) {
    throw startError(error, maxArgumentBytes)
  }
  const { pid } = child
  if (pid === undefined) throw new Error(`${program.path} was started and has no number`)
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => undefined)
  const stop = (why: unknown): void => {
    if (child.exitCode === null && child.signalCode === null) killTree(pid)
    else killGroup(pid)
    // Who left the group may hold them open.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    failure.reject(why)
  }
  const stopped = (): void => stop(signal.reason)
  const timer = setTimeout(() => stop(processError({ tag: 'timeout', val: BigInt(timeoutMs) })), timeoutMs)
  signal.addEventListener('abort', stopped, { once: true })
  if (signal.aborted) stopped()
  let written = 0
  const pieces = (stream: NodeJS.ReadableStream): Uint8Array[] => {
    const kept: Uint8Array[] = []
    stream.on('data', (piece: Uint8Array) => {
      written += piece.length
      if (written > maxOutputBytes)
        stop(processError({ tag: 'output-too-large', val: BigInt(maxOutputBytes) }))
      else kept.push(piece)
    })
    return kept
  }
  const [stdout, stderr] = [pieces(child.stdout), pieces(child.stderr)]
  // A program need not read what it is given.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  // What it started may hold its streams open, and must not outlive it.
  child.once('exit', () => killGroup(pid))
  const ended = once(child, 'close') as Promise<[code: number | null]>
  try {
    const [code] = await Promise.race([ended, failure.promise])
    return { exitCode: code ?? undefined, stdout: joined(stdout), stderr: joined(stderr) }
  } catch (error) {
    // Nothing of it is left when the call is answered.
    await ended
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stopped)
  }
}

function start(path: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  return spawn(path, args, {
    cwd,
    env: { ...env },
    shell: false,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}
