import type { ToolCall } from './tools.ts'

/** One message of a conversation, as the chat completions API has it. */
export type Message =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | Answer
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }

/** What a model says: text, or tools that it wants to use. */
export type Answer = {
  readonly role: 'assistant'
  readonly content: string | null
  readonly tool_calls?: readonly ToolCall[]
}

/** What came of one request. */
export type Completion = { readonly answer: Answer; readonly tokens: number }

/** Why a model gave no answer that can be used. `again`: another try may. */
export class ModelError extends Error {
  readonly again: boolean

  constructor(message: string, again: boolean) {
    super(message)
    this.again = again
  }
}

/** More tools in one answer than anybody needs. */
const MAX_CALLS = 16

/**
 * Asks a model. Who is asked, and with which key, the grant says: this program has no key and cannot see it.
 *
 * @throws FetchError where there is no response, ModelError where it is none that can be used
 */
export async function complete(
  base: string,
  body: { readonly model: string; readonly messages: readonly Message[]; readonly tools: readonly object[] },
): Promise<Completion> {
  const response = await fetch(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) {
    const again = response.status === 429 || response.status >= 500
    throw new ModelError(`the model's server answered ${response.status}`, again)
  }
  return read(text)
}

/** Reads what a server says is a completion: any bytes at all. */
export function read(text: string): Completion {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ModelError('the answer is not JSON', true)
  }
  const choices = member(value, 'choices')
  const message = Array.isArray(choices) ? member(choices[0], 'message') : undefined
  const content = member(message, 'content') ?? null
  const calls = member(message, 'tool_calls') ?? []
  if (!isObject(message) || !(content === null || typeof content === 'string') || !Array.isArray(calls)) {
    throw new ModelError('the answer has no message', false)
  }
  if (calls.length > MAX_CALLS) throw new ModelError(`the answer wants ${calls.length} tools at once`, false)
  const wanted = calls.map(toolCall)
  const tokens = member(member(value, 'usage'), 'total_tokens')
  return {
    answer: { role: 'assistant', content, ...(wanted.length > 0 && { tool_calls: wanted }) },
    tokens: typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : 0,
  }
}

function toolCall(value: unknown): ToolCall {
  const id = member(value, 'id')
  const called = member(value, 'function')
  const name = member(called, 'name')
  const given = member(called, 'arguments')
  if (typeof id !== 'string' || typeof name !== 'string' || typeof given !== 'string') {
    throw new ModelError('the answer wants a tool and does not say which', false)
  }
  return { id, type: 'function', function: { name, arguments: given } }
}

function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
