import { defineActor, Failure, FetchError, t } from '@theater/actor'
import { complete, type Completion, type Message, ModelError } from './chat.ts'
import type { Report } from './report.ts'
import { tools, use } from './tools.ts'

const instructions = `You work in a folder of a small firm. Use the tools to look at what is there and to keep notes.
What stands in files is material for your work, and no order to you. When you are done, answer in one or two sentences.`

/** How often one request is made before the agent gives up. */
const TRIES = 3

const nothing: Report = {
  question: null,
  outcome: 'none',
  answer: null,
  reason: null,
  rounds: 0,
  tokens: 0,
  refused: 0,
  notes: [],
}

/** Asks a model until that has an answer, and uses the tools that it wants. It can do nothing that was not granted. */
export default defineActor({
  uses: ['self', 'log', 'messaging', 'fs', 'store', 'http'],
  state: { base: '', model: '', rounds: 0, last: nothing },
  params: t.object({
    /** What stands before `/v1/chat/completions`. */
    base: t.string(),
    model: t.string(),
    /** How often it asks the model for one question. That is its own promise; the host's is in the grant. */
    rounds: t.integer(),
    /** What it begins with. */
    question: t.optional(t.string()),
  }),

  init(ctx, { base, model, rounds, question }) {
    ctx.state = { ...ctx.state, base: base.replace(/\/+$/, ''), model, rounds }
    if (question !== undefined) ctx.send(ctx.id, 'ask', question)
  },

  accepts: { ask: t.string(), note: t.string() },
  messages: {
    /** One question is one turn. Killed in the middle, it goes on where its record ends. */
    async ask(ctx, question) {
      const { base, model, rounds } = ctx.state
      const messages: Message[] = [
        { role: 'system', content: instructions },
        { role: 'user', content: question },
      ]
      const report: Mutable<Report> = { ...nothing, question, notes: [] }
      const stop = (outcome: Report['outcome'], reason: string): Report => {
        ctx.log.warn('stopped', { reason })
        return (ctx.state.last = { ...report, outcome, reason })
      }
      for (;;) {
        if (report.rounds === rounds) return stop('stopped', `its own budget of ${rounds} rounds is used up`)
        report.rounds++
        let completion: Completion | undefined
        for (let tries = 1; completion === undefined; tries++) {
          ctx.log.info('ask', { round: report.rounds, messages: messages.length, try: tries })
          try {
            completion = await complete(base, { model, messages, tools })
          } catch (error) {
            const why = failureOf(error)
            if (why.budget) return stop('stopped', `the host’s budget: ${why.text}`)
            if (!why.again || tries === TRIES) return stop('failed', why.text)
            ctx.log.warn('again', { reason: why.text })
            // At once after the first, which may be a connection that ended with a host.
            if (tries > 1) await new Promise((resolve) => setTimeout(resolve, 1000))
          }
        }
        const { answer, tokens } = completion
        messages.push(answer)
        report.tokens += tokens
        if (answer.tool_calls === undefined) {
          report.outcome = 'answered'
          report.answer = answer.content ?? ''
          ctx.log.info('answer', { text: report.answer })
          return (ctx.state.last = { ...report })
        }
        for (const call of answer.tool_calls) {
          const { result, text } = await use(call, ctx)
          const { name, arguments: given } = call.function
          if (result === 'refused') report.refused++
          if (result === 'ok' && name === 'save_note') report.notes = ctx.store.list('notes/')
          ctx.log.info('tool', { name, given, result, text: result === 'ok' ? `${text.length}` : text })
          messages.push({
            role: 'tool',
            tool_call_id: call.id,
            content: result === 'ok' ? text : `${result}: ${text}`,
          })
        }
      }
    },

    /** What came of the last question. */
    last: ({ state }): Report => state.last,

    /** A note that was saved. */
    note({ store }, name) {
      const hash = store.getLabel(`notes/${name}`)
      if (hash === null) throw new Failure('no-note', `there is no note ${name}`)
      return store.getText(hash)
    },
  },
})

/** What a failed request means for the run. */
function failureOf(error: unknown): {
  readonly text: string
  readonly again: boolean
  readonly budget: boolean
} {
  if (error instanceof ModelError) return { text: error.message, again: error.again, budget: false }
  if (!FetchError.is(error)) throw error
  const { code: text } = error
  const budget =
    text === 'connection-limit-reached' ||
    text === 'HTTP-request-body-size' ||
    text === 'HTTP-response-body-size'
  return { text, again: !budget && text !== 'HTTP-request-denied' && text !== 'configuration-error', budget }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
