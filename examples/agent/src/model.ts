import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Message } from '../actors/chat.ts'
import { reply } from './policy.ts'

/** The key of the stand-in where no other is said. It opens nothing. */
export const STAND_IN_KEY = 'stand-in-key-0d8e61f2c4'

const MAX_BODY = 4 * 1024 * 1024

/** What a stand-in is started with. */
export interface ModelOptions {
  /** What has to come in the authorization header. */
  readonly key: string
  /** @default any that is free */
  readonly port?: number
  /** Called with the number of each request that is let in, before it is answered. */
  readonly onRequest?: (count: number) => void
}

/** A stand-in for a model: a server on the loopback interface that speaks the chat completions API. */
export interface Model extends AsyncDisposable {
  /** What stands before `/v1/chat/completions`. */
  readonly base: string
  /** How many requests were let in, and how many had another key. */
  readonly requests: { answered: number; unauthorized: number }
}

/** Starts the stand-in. */
export async function startModel({ key, port = 0, onRequest }: ModelOptions): Promise<Model> {
  const requests = { answered: 0, unauthorized: 0 }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      return say(response, 404, problem('not_found', 'there is nothing but POST /v1/chat/completions'))
    }
    if (request.headers.authorization !== `Bearer ${key}`) {
      requests.unauthorized++
      return say(response, 401, problem('invalid_api_key', 'this is not the key'))
    }
    const asked = parse(await bodyOf(request))
    if (asked === undefined) {
      return say(response, 400, problem('invalid_request', 'a request has a model and messages'))
    }
    requests.answered++
    onRequest?.(requests.answered)
    say(response, 200, completion(requests.answered, asked))
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  return {
    base: `http://127.0.0.1:${taken}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

interface Asked {
  readonly model: string
  readonly messages: readonly Message[]
  readonly text: string
}

/** As its API has it: what a client relies on, and no more. */
function completion(count: number, { model, messages, text }: Asked): object {
  const message = reply(messages)
  const prompt = Math.ceil(text.length / 4)
  const completed = Math.ceil(JSON.stringify(message).length / 4)
  return {
    id: `chatcmpl-${count}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [{ index: 0, message, finish_reason: message.tool_calls === undefined ? 'stop' : 'tool_calls' }],
    usage: { prompt_tokens: prompt, completion_tokens: completed, total_tokens: prompt + completed },
  }
}

function parse(text: string): Asked | undefined {
  try {
    const { model, messages } = JSON.parse(text) as Partial<Asked>
    return typeof model === 'string' && Array.isArray(messages) ? { model, messages, text } : undefined
  } catch {
    return undefined
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MAX_BODY) return ''
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function problem(code: string, message: string): object {
  return { error: { code, message, type: 'invalid_request_error' } }
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
