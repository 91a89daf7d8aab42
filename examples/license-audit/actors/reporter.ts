import { defineActor, t } from '@theater/actor'
import type { Finding } from './finding.ts'
import { answer } from './pages.ts'
import type { Report, Summary } from './protocol.ts'
import { summaryOf } from './report.ts'

type State = { findings: Finding[]; report: Report | null }

/** Keeps what the auditor finds, and answers questions about it: by message, and over HTTP. */
export default defineActor({
  state: { findings: [], report: null } as State,
  accepts: {
    finding: t.object({
      name: t.string(),
      version: t.string(),
      licence: t.string(),
      kind: t.literal('permissive', 'weak copyleft', 'strong copyleft', 'unclear', 'none'),
      source: t.literal('declared', 'legacy field', 'named file', 'licence text', 'nowhere'),
      files: t.array(t.string()),
      note: t.string(),
    }),
    done: t.object({ date: t.string(), json: t.string() }),
  },
  messages: {
    finding({ state }, finding) {
      state.findings.push(finding)
    },
    done({ state }, report) {
      state.report = report
    },
    summary: ({ state }): Summary => summaryOf(state.findings, state.report),
  },
  fetch: ({ state }, request) => answer(request, state),
})
