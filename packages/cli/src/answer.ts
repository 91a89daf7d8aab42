import { decodeReply, encodeMessage } from '@theater/actor/message'
import { printable } from '@theater/handler-log'
import type { Message, Theater } from '@theater/runtime'
import { TheaterError } from '@theater/runtime'
import { toJson } from '@theater/values'
import type { Json } from '@theater/values'
import { jsonLine } from './output.ts'
import type { Output } from './output.ts'
import type { Target } from './target.ts'

/** What an actor answered: the object that `theater call --json` prints. */
export interface Answer {
  readonly json: { readonly ok: Json } | { readonly err: Json }
  /** For people, where the guest gave no answer at all. */
  readonly note?: string
}

/**
 * Makes the call. What the guest did instead of answering is an answer, too: `{ err: { trapped: CODE } }`.
 *
 * @throws TheaterError where the call did not come about
 */
export async function answer(
  theater: Theater,
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
  theater: Theater,
  actor: string,
  { type, body }: { readonly type: string; readonly body: Json | undefined },
  timeoutMs: number,
): Promise<Answer> {
  const reply = await theater.request(actor, encodeMessage(type, body), { timeoutMs })
  if ('ok' in reply) return { json: { ok: messageJson(reply.ok) } }
  const { code, message, detail } = reply.err
  return {
    json: { err: { code, message, ...(detail !== undefined && { detail: messageJson(detail) }) } },
  }
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

/** Prints an answer: JSON either way, for people on several lines where it is long. */
export async function printAnswer({ json, note }: Answer, output: Output): Promise<void> {
  await output.result(json, () => {
    const line = jsonLine(json)
    return output.columns !== undefined && line.length > output.columns ? jsonLine(json, 2) : line
  })
  if (note !== undefined) output.note(output.styleNote('red', printable(note)))
}
