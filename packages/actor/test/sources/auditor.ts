import { defineActor, ref, RequestError } from '@theater/actor'
import type reporter from './reporter.ts'

const reports = ref<typeof reporter>('reporter')

export default defineActor({
  uses: ['messaging'],
  messages: {
    async report(ctx, finding: { name: string }) {
      ctx.send(reports, 'finding', finding) // typed: the messages and bodies of reporter
      const summary = ctx.request(reports, 'summary') // starts now
      const other = ctx.request('auditor-2', 'count', undefined, { timeoutMs: 500 }) // runs beside it
      return { summary: await summary, other: await other.then(Number, (e) => (RequestError.is(e) ? -1 : 0)) }
    },
  },
})
