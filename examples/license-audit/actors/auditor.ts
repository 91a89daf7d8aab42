import { defineActor, Failure, FsError, ref, t } from '@theater/actor'
import { audit } from './audit.ts'
import { type Finding, flagged } from './finding.ts'
import { type Installed, installed } from './packages.ts'
import type { Reporter } from './protocol.ts'
import { reportJson } from './report.ts'

/** What the auditor knows. It lives in the instance's memory. */
type State = {
  root: string
  reporter: string
  waiting: Installed[]
  findings: Finding[]
  /** The hash of the report in the store. */
  report: string | null
}

/** Reads the licence of every package in one directory, one package a turn. */
export default defineActor({
  uses: ['self', 'log', 'messaging', 'store', 'fs'],
  state: { root: '', reporter: '', waiting: [], findings: [], report: null } as State,
  params: t.object({ packages: t.string(), reporter: t.string() }),

  init(ctx, { packages, reporter }) {
    const waiting = installed(ctx.fs.readDir(packages))
    if (waiting.length === 0)
      throw new Failure('no-packages', `${packages} holds no packages as pnpm keeps them`)
    ctx.state = { ...ctx.state, root: packages, reporter, waiting }
    ctx.log.info('found', { total: waiting.length })
    ctx.send(ctx.id, 'next')
  },

  accepts: { probe: t.array(t.string()) },
  messages: {
    /** One package, then a message to itself: a turn is short, and a crash loses nothing that a turn has done. */
    next(ctx) {
      const { state } = ctx
      if (ctx.sender !== ctx.id)
        throw new Failure('not-yours', 'the auditor decides itself when the next one is due')
      const reporter = ref<Reporter>(state.reporter)
      const next = state.waiting.shift()
      if (next === undefined) {
        const date = new Date().toISOString()
        const json = ctx.store.put(reportJson(state.findings, date))
        ctx.store.setLabel('audit/report.json', json)
        state.report = json
        ctx.send(reporter, 'done', { date, json })
        return
      }
      const finding = audit(ctx.fs, state.root, next)
      state.findings.push(finding)
      const { name, version, licence, kind } = finding
      const read = state.findings.length
      ctx.log.info('audited', { name, version, licence, kind, read, total: read + state.waiting.length })
      ctx.send(reporter, 'finding', finding)
      ctx.send(ctx.id, 'next')
    },

    status: ({ state }) => ({
      audited: state.findings.length,
      left: state.waiting.length,
      flagged: state.findings.filter(flagged),
      report: state.report,
    }),

    /** The report, out of the store. */
    report({ state, store }) {
      if (state.report === null) throw new Failure('not-yet', `${state.waiting.length} packages are left`)
      return store.get(state.report)
    },

    /** Does what an auditor must not be able to do, and says how far it came. */
    probe: ({ fs }, paths) =>
      paths.map((path) => {
        try {
          return { path, read: fs.readBytes(path).length }
        } catch (error) {
          if (!FsError.is(error)) throw error
          return { path, error: error.code }
        }
      }),
  },
})
