import type { Store } from '@theater/event-chain'
import { counted, number } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import { read } from '../actors/chat.ts'
import type { Message } from '../actors/chat.ts'
import { transcript } from './transcript.ts'
import type { Denied, Exchange, Transcript } from './transcript.ts'
import { argumentOf, short } from './watch.ts'

/** Shows what an actor asked, what it was told and what it was refused, out of its record. */
export async function showRecord(store: Store, actor: string, screen: Screen): Promise<Transcript> {
  const record = await transcript(store, actor)
  screen.table(
    ['EVENT>', 'ASKED WITH', 'SENT>', 'TOLD', 'GOT>'],
    record.exchanges.map((exchange) => [
      number(exchange.seq),
      asked(exchange),
      number(exchange.sent.length),
      told(exchange, screen),
      number(exchange.got.length),
    ]),
  )
  const sum = (of: (one: Exchange) => number): string =>
    number(record.exchanges.reduce((total, one) => total + of(one), 0))
  screen.line(
    screen.style(
      'dim',
      `${sum(({ sent }) => sent.length)} bytes sent, ${sum(({ got }) => got.length)} received`,
    ),
  )
  screen.line()
  const refused = [...record.denied.map((denied) => byHost(denied)), ...byAgent(record.exchanges)]
  if (refused.length === 0) screen.line('It was refused nothing.')
  else screen.table(['EVENT>', 'REFUSED', 'BY', ''], refused)
  return record
}

/** What is new in a conversation since the model was asked last. */
function asked({ ask, sent }: Exchange): string {
  const messages = conversation(sent)
  if (messages.length === 0)
    return short(`${ask['method'] ?? ''} ${ask['origin'] ?? ''}${ask['path'] ?? ''}`, 40)
  const since = messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1)
  const results = since.filter(({ role }) => role === 'tool')
  if (results.length === 0) return 'the question'
  const refused = results.filter(({ content }) => content?.startsWith('refused: ')).length
  const came = results.length === 1 && refused === 0 ? 'the result' : counted(results.length, 'result')
  return refused === 0 ? came : `${came}, ${refused} refused`
}

function told({ status, got, failed }: Exchange, screen: Screen): string {
  if (failed !== undefined) return screen.style('yellow', failed)
  if (status === undefined) return screen.style('yellow', 'nothing')
  if (status !== 200) return screen.style('yellow', `status ${status}`)
  try {
    const { answer } = read(got.toString())
    const calls = answer.tool_calls?.map(
      ({ function: { name, arguments: given } }) => `${name} ${argumentOf(given)}`,
    )
    return short(calls?.join(', ') ?? answer.content ?? '', 58)
  } catch {
    return screen.style('yellow', 'what is no answer')
  }
}

function byHost({ seq, fn, ask }: Denied): readonly string[] {
  const { need, path = '', mount, method, origin } = ask
  const what =
    method === undefined
      ? `to ${need === 'r' ? 'read' : 'change'} ${path} in ${mount ?? '?'}`
      : `to ${method} ${origin ?? ''}${path}`
  return [number(seq), short(what, 60), 'the host', fn]
}

/** What no host was asked for, because the agent itself knows better: the record has it in what the model was told. */
function byAgent(exchanges: readonly Exchange[]): readonly (readonly string[])[] {
  const seen = new Set<string>()
  return exchanges.flatMap(({ seq, sent }) => {
    const messages = conversation(sent)
    const calls = messages.flatMap((message) =>
      message.role === 'assistant' ? (message.tool_calls ?? []) : [],
    )
    return messages.flatMap((message) => {
      if (message.role !== 'tool' || seen.has(message.tool_call_id)) return []
      seen.add(message.tool_call_id)
      const why = /^refused: (.* .*)$/.exec(message.content)?.[1]
      if (why === undefined) return []
      const { name = '?', arguments: given = '' } =
        calls.find(({ id }) => id === message.tool_call_id)?.function ?? {}
      return [[number(seq), short(`${name} ${argumentOf(given)}`, 60), 'the agent', why]]
    })
  })
}

function conversation(sent: Buffer): readonly Message[] {
  try {
    const { messages } = JSON.parse(sent.toString()) as { readonly messages?: readonly Message[] }
    return messages ?? []
  } catch {
    return []
  }
}
