// `npm test`: every check, then build, then the tests of every package. The last line is the sum.
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { check } from './check.mjs'
import { run } from './run.mjs'
import { root, workspaces } from './workspace.mjs'

// The page of examples/verify-page is tested in a browser. Its path is part of what turbo's cache goes by.
process.env.THEATER_CHROMIUM ??= ['/usr/bin/chromium', ''].find((path) => path === '' || existsSync(path))
// So are the tests of examples/redis on a server.
process.env.THEATER_REDIS ??= found('redis-server')
const total = { passed: 0, failed: 0, skipped: 0 }
const problems = []
const fail = (what) => {
  total.failed++
  problems.push(what)
}

const checked = await check({ withImportTable: false })
total.passed += checked.passed.length
for (const name of checked.failed) fail(`check: ${name}`)

// A result that is not from this run (or from turbo's cache for these very inputs) must not be counted.
const tested = workspaces().filter(({ json }) => json.scripts?.test)
for (const { path } of tested) rmSync(join(path, '.results'), { recursive: true, force: true })

const turbo = ['--output-logs=new-only', '--concurrency=2', ...process.argv.slice(2)]
console.log('test: turbo run build')
if ((await run('turbo', ['run', 'build', ...turbo])) === 0) total.passed++
else fail('build')

console.log('test: turbo run test')
const runs = join(root, '.turbo', 'runs')
rmSync(runs, { recursive: true, force: true })
const exit = await run('turbo', ['run', 'test', '--continue', '--summarize', ...turbo])
const ended = exitCodes()
let ran = 0
for (const { path, folder } of tested) ran += count(folder, join(path, '.results', 'vitest.json'))
if (exit !== 0 && problems.length === 0) fail(`turbo run test ended with exit code ${exit}`)
if (ran === 0) fail('no test ran')

if (!existsSync(process.env.THEATER_CHROMIUM)) {
  const how = 'Debian: apt-get install chromium; elsewhere: THEATER_CHROMIUM=/path/to/chromium npm test'
  console.log(
    `skipped: verifying in a browser (examples/verify-page), because there is no Chromium here. ${how}`,
  )
}
if (!process.env.THEATER_REDIS) {
  console.log(
    'skipped: the cache on a server (examples/redis), because there is no redis-server here. Debian: apt-get install redis-server',
  )
}
for (const problem of problems) console.log(`failed: ${problem}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

/** Where a program is on PATH; an empty text for nowhere. */
function found(program) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? ''
}

/** Adds one package's report to the total and returns how many tests it ran. */
function count(folder, file) {
  if (!existsSync(file)) {
    fail(`${folder}: no test report`)
    return 0
  }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  let tests = 0
  let failures = 0
  for (const suite of report.testResults) {
    let failedHere = 0
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed') total.passed++
      else if (status === 'failed') {
        fail(`${folder}: ${fullName}`)
        failedHere++
      } else total.skipped++
      if (status === 'passed' || status === 'failed') tests++
    }
    // A file that could not even be loaded has no tests to fail.
    if (suite.status === 'failed' && failedHere === 0) {
      fail(`${folder}: ${suite.name.slice(suite.name.indexOf(folder))}: ${suite.message ?? ''}`.trimEnd())
      failedHere++
    }
    failures += failedHere
  }
  // vitest calls a run with a rejection that nobody handled a success in its report, and exits with 1.
  if ((!report.success || ended.get(folder)) && failures === 0) fail(`${folder}: an error outside any test`)
  return tests
}

/** The exit code of each package's tests, by folder, from turbo's summary of the run. */
function exitCodes() {
  const codes = new Map()
  for (const file of globSync('*.json', { cwd: runs })) {
    for (const { task, directory, execution } of JSON.parse(readFileSync(join(runs, file), 'utf8')).tasks) {
      if (task === 'test') codes.set(directory.replaceAll('\\', '/'), execution?.exitCode ?? 0)
    }
  }
  return codes
}
