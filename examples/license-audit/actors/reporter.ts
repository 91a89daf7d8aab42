import { defineActor, t } from '@theater/actor'
import type { Summary } from './protocol.ts'

type State = {
  packages: number
  kinds: Record<string, number>
  licences: Record<string, number>
  report: Summary['report']
}

/** Keeps the totals of an audit. */
export default defineActor({
  state: { packages: 0, kinds: {}, licences: {}, report: null } as State,
  accepts: {
    finding: t.object({
      name: t.string(),
      version: t.string(),
      licence: t.string(),
      kind: t.literal('permissive', 'weak copyleft', 'strong copyleft', 'unclear', 'none'),
    }),
    done: t.object({ json: t.string(), html: t.string() }),
  },
  messages: {
    finding({ state }, { kind, licence }) {
      state.packages++
      state.kinds[kind] = (state.kinds[kind] ?? 0) + 1
      const name = licence || '(none found)'
      state.licences[name] = (state.licences[name] ?? 0) + 1
    },
    done(ctx, report) {
      ctx.state.report = report
    },
    summary: ({ state }): Summary => state,
  },
})
