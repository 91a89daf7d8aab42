// `pnpm conformance`: the laws that handlers keep, as somebody sees them who does not know the tests. They are those of the packages' own
// tests: this runs them, and says of each law whether it held.
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { environment } from './run.mjs'
import { root } from './workspace.mjs'

const help = `Usage: pnpm conformance [--handler NAME]… [--broken] [--json] [--seconds N]

Holds handlers against their laws: those of any handler, and those of their interfaces, once for each backend and configuration.

  --handler NAME  only this handler; several times
  --broken        one broken handler for each law instead: it has to break that law
  --json          one object a line: {"handler","law","backend","held"}, with --broken {"law","of","held"}; a {"summary"} at the end
  --seconds N     ends after so long, and fails; default 900
  -h, --help      prints this

Exit codes: 0 all held, 1 one did not, 2 usage.`

const handlers = globSync('packages/handler-*/test/conformance.test.ts', { cwd: root })
  .map((path) => /handler-([^/\\]+)/.exec(path)?.[1] ?? '')
  .toSorted()

function fail(text) {
  console.error(`${text}\n\n${help}`)
  process.exit(2)
}

let options
try {
  const flag = { type: 'boolean', default: false }
  options = parseArgs({
    options: {
      handler: { type: 'string', multiple: true, default: [] },
      broken: flag,
      json: flag,
      seconds: { type: 'string', default: '900' },
      help: { ...flag, short: 'h' },
    },
  }).values
} catch (error) {
  fail(error.message)
}
const { handler: asked, broken, json, seconds } = options
if (options.help) {
  console.log(help)
  process.exit(0)
}
const unknown = asked.find((name) => !handlers.includes(name))
if (unknown !== undefined) fail(`There is no handler "${unknown}". There are ${handlers.join(', ')}.`)
if (!/^[1-9][0-9]{0,4}$/.test(seconds)) fail(`--seconds is a number of seconds, not "${seconds}".`)

/** Where the broken handlers of an interface's laws are; those of any handler are the laws' own. */
const brokenIn = {
  cli: ['packages/handler-cli/test/laws.test.ts'],
  clocks: ['packages/handler-clocks/test/laws.test.ts'],
  fs: ['packages/handler-fs/test/fs-broken.test.ts'],
  http: ['packages/handler-http/test/http-broken.test.ts'],
  log: ['packages/handler-log/test/laws.test.ts'],
  messaging: ['packages/handler-messaging/test/laws.test.ts'],
  process: ['packages/handler-process/test/laws.test.ts'],
  random: ['packages/handler-random/test/laws.test.ts'],
  store: [
    'packages/handler-store/test/store-laws.test.ts',
    'packages/handler-store/test/keyvalue-laws.test.ts',
  ],
  supervisor: ['packages/handler-supervisor/test/laws.test.ts'],
}
const ofAny = [
  'packages/handler-conformance/test/laws.test.ts',
  'packages/handler-conformance/test/runtime-laws.test.ts',
]
const names = asked.length > 0 ? asked : handlers
const files = broken
  ? [...(asked.length > 0 ? [] : ofAny), ...names.flatMap((name) => brokenIn[name] ?? [])]
  : names.flatMap((name) =>
      globSync(
        `packages/handler-${name}/test/{conformance,fs-laws,http-laws,store-laws,keyvalue-laws,laws}.test.ts`,
        {
          cwd: root,
        },
      ),
    )
if (files.length === 0)
  fail(`${names.join(', ')}: no laws but those of any handler; without --handler they are all tried.`)

const folder = mkdtempSync(join(tmpdir(), 'theater-conformance-'))
try {
  process.exitCode = await hold(join(folder, 'report.json'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs the tests, and tells of each. */
async function hold(report) {
  const late = await vitest(['run', ...files, '--reporter=json', `--outputFile.json=${report}`])
  const summary = { held: 0, failed: 0 }
  const suites = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : []
  for (const { name: file, assertionResults, message } of suites) {
    const handler = /packages[/\\]handler-([^/\\]+)/.exec(file)?.[1] ?? ''
    for (const result of assertionResults) {
      const line = broken ? lineOfBroken(result) : lineOfLaw(result)
      if (line === undefined) continue
      const held = result.status === 'passed'
      summary[held ? 'held' : 'failed']++
      if (json) console.log(JSON.stringify(broken ? { ...line, held } : { handler, ...line, held }))
      else
        console.log(
          `${held ? 'held  ' : 'FAILED'}  ${broken ? `${line.law} · ${line.of}` : `${line.backend} · ${line.law}`}`,
        )
      if (!held) console.error(result.failureMessages.join('\n'))
    }
    if (assertionResults.length === 0) {
      summary.failed++
      console.error(`${file}: ${message}`)
    }
  }
  const ok = !late && summary.failed === 0 && summary.held > 0
  if (late) console.error(`It took longer than ${seconds} s. Give it more with --seconds.`)
  else if (summary.held + summary.failed === 0) console.error('No law was tried.')
  console.log(
    json ? JSON.stringify({ summary: { ok, ...summary } }) : `${summary.held} held, ${summary.failed} failed`,
  )
  return ok ? 0 : 1
}

/** "laws of any handler: fs, in memory" and the law below it. */
function lineOfLaw({ ancestorTitles, title }) {
  const backend = /^laws of [^,]*?: (.*)$/.exec(ancestorTitles[0] ?? '')?.[1]
  return backend === undefined ? undefined : { law: title, backend }
}

/** A broken handler: below its law, or by the law's name. */
function lineOfBroken({ ancestorTitles, title }) {
  if (title.startsWith('catches mutant'))
    return { law: ancestorTitles.at(-1), of: title.replace('catches ', '') }
  const law = /^breaks one law and no other: (.*)$/.exec(title)?.[1]
  return law === undefined ? undefined : { law, of: ancestorTitles[0] }
}

/** Whether it was ended because it took too long. */
function vitest(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'node_modules', '.bin', 'vitest'), args, {
      cwd: root,
      env: environment(),
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    let late = false
    const timer = setTimeout(
      () => {
        late = true
        child.kill()
      },
      Number(seconds) * 1000,
    )
    child.on('error', reject)
    child.on('exit', () => {
      clearTimeout(timer)
      resolve(late)
    })
  })
}
