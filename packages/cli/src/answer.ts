import { decodeReply, encodeMessage } from '@theater/actor/message'
import { printable } from '@theater/handler-log'
import type { Message } from '@theater/runtime'
import { TheaterError } from '@theater/runtime'
import { toJson } from '@theater/values'
import type { Json } from '@theater/values'
import type { Running } from './host.ts'
import type { ComponentMaps } from './component-maps.ts'
import { noteFrames } from './logs.ts'
import { jsonLine } from './output.ts'
import type { Output } from './output.ts'
import type { Target } from './target.ts'

/** What an actor answered: the object that `theater call --json` prints. */
export interface Answer {
  readonly json: { readonly ok: Json } | { readonly err: Json }
  /** For people, where the guest gave no answer at all. */
  readonly note?: string
  /** What a TypeScript actor said of where it threw. */
  readonly stack?: string
}

/**
 * Makes the call. What the guest did instead of answering is an answer, too: `{ err: { trapped: CODE } }`.
 *
 * @throws TheaterError where the call did not come about
 */
export async function answer(
  theater: Running,
  actor: string,
  target: Target,
  timeoutMs: number,
): Promise<Answer> {
  try {
    if (target.kind === 'message') return await request(theater, actor, target, timeoutMs)
    const { fn, args } = target
    const value = await theater.call(actor, fn.id, args, { timeoutMs })
    if (fn.result === null) return { json: { ok: null } }
    if (fn.result.kind !== 'result') return { json: { ok: toJson(value, fn.result) } }
    const { tag, val } = value as { readonly tag: 'ok' | 'err'; readonly val: unknown }
    const type = tag === 'ok' ? fn.result.ok : fn.result.err
    const json = type === null ? null : toJson(val, type)
    return { json: tag === 'ok' ? { ok: json } : { err: json } }
  } catch (error) {
    if (TheaterError.is(error) && (error.code === 'trapped' || error.code === 'aborted')) {
      return { json: { err: { [error.code]: String(error.detail) } }, note: error.message }
    }
    throw error
  }
}

async function request(
  theater: Running,
  actor: string,
  { type, body }: { readonly type: string; readonly body: Json | undefined },
  timeoutMs: number,
): Promise<Answer> {
  const reply = await theater.request(actor, encodeMessage(type, body), { timeoutMs })
  if ('ok' in reply) return { json: { ok: messageJson(reply.ok) } }
  const { code, message } = reply.err
  const detail = reply.err.detail === undefined ? undefined : messageJson(reply.err.detail)
  const stack = code === 'exception' && isObject(detail) ? detail['stack'] : undefined
  return {
    json: { err: { code, message, ...(detail !== undefined && { detail }) } },
    ...(typeof stack === 'string' && { stack }),
  }
}

function isObject(json: Json | undefined): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** A message in the kit's encoding as what it holds; any other as it stands. */
function messageJson(message: Message): Json {
  const bytes = (body: Uint8Array): Json => toJson(body, { kind: 'list', element: { kind: 'u8' } })
  try {
    const reply = decodeReply(message)
    return reply instanceof Uint8Array ? bytes(reply) : reply
  } catch {
    return { format: message.format, body: bytes(message.body) }
  }
}

/**
 * Prints an answer: JSON either way, for people on several lines where it is long. Where the actor threw or trapped, what is
 * known of the place goes to stderr.
 */
export async function printAnswer(
  given: Answer,
  actor: string,
  maps: ComponentMaps,
  output: Output,
): Promise<void> {
  const { json } = given

  await output.result(json, () => {
    const line = jsonLine(json)
    return output.columns !== undefined && line.length > output.columns ? jsonLine(json, 2) : line
  })
  noteFailure(given, actor, maps, output)
}

/** Says to people what an answer does not: that there was none, or where the actor threw. */
export function noteFailure(
  { note, stack }: Answer,
  actor: string,
  maps: ComponentMaps,
  output: Output,
): void {
  if (note !== undefined) {
    output.note(output.styleNote('red', printable(note)))
    // Of a trap the engine says nothing, least of all a line.
    if (maps.has(actor)) output.note(output.styleNote('dim', `  ${TRAPS}`))
  }
  if (stack !== undefined) noteFrames(maps.frames(actor, stack) ?? [], output)
}

/** What ends a turn of a TypeScript actor without an answer. */
const TRAPS =
  'A handler that throws does not trap. One that awaits what never comes does, and so do a state that cannot be saved and too much memory.'
