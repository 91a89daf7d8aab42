// `npm create theater` from its tarball, and what it makes, as a stranger does it: install, start, test.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { templates, type Template } from 'create-theater'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openBench, type Bench, type Project } from '../src/project.ts'

// npm, as fast as the machine is.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

let bench: Bench
let place: Project
beforeAll(async () => {
  bench = await openBench()
  place = bench.project('home')
})
afterAll(() => bench[Symbol.asyncDispose]())

/** Does a thing once for each template, whichever tests run. */
function once<T>(what: (template: Template) => Promise<T>): (template: Template) => Promise<T> {
  const done = new Map<Template, Promise<T>>()
  return (template) => {
    const doing = done.get(template) ?? what(template)
    done.set(template, doing)
    return doing
  }
}

/** Makes a project, and answers its folder and what npm said. */
const made = once(async (template) => {
  const cwd = `my-${template}`
  const args = ['create', 'theater', cwd, '--yes', '--', '--template', template]
  return { cwd, stdout: (await place.ok('npm', args)).stdout }
})

/** Installs what a project needs. The kit's 400 MB are installed once: `actor` takes what `http` has. */
const installed = once(async (template) => {
  const { cwd } = await made(template)
  if (template !== 'actor') {
    await place.ok('npm', ['install'], { cwd })
    return cwd
  }
  const of = await installed('http')
  symlinkSync(join('..', of, 'node_modules'), join(place.folder, cwd, 'node_modules'), 'dir')
  // That it is all that its package.json asks for.
  await place.ok('npm', ['ls', '--omit=optional'], { cwd })
  return cwd
})

/** `npm start` of a project that ends by itself: what it says. */
const run = async (cwd: string) => (await place.ok('npm', ['start'], { cwd })).stdout

/** `npm start` of a project that listens: one visit to it, Ctrl-C, and what the command line says of its record. */
async function visit(cwd: string): Promise<string> {
  const going = place.start('npm', ['start', '--', '--listen', '127.0.0.1:0'], { cwd })
  let page = ''
  try {
    const [, url = ''] = await going.heard(/listening on (http:\S+);/)
    const body = new URLSearchParams({ name: '<b>', text: 'was here' })
    page = await (await fetch(`${url}/entries`, { method: 'POST', body })).text()
  } finally {
    await going.interrupt()
  }
  const { code, stderr } = await going.interrupt()
  // npm ends as its shell does: some end with the signal that they got, too.
  expect([0, 130]).toContain(code)
  expect(stderr).toContain('interrupted')
  const { stdout: state } = await place.ok('npx', ['theater', 'ps'], { cwd })
  const { stdout: verdict } = await place.ok('npx', ['theater', 'verify', 'guestbook'], { cwd })
  return `${page}${state}${verdict}`
}

/** How a project starts, and what it says then and when it has been tested. */
const says: Readonly<
  Record<Template, { start: (cwd: string) => Promise<string>; started: RegExp; tested: RegExp }>
> = {
  actor: {
    start: run,
    started: /imports +theater:actor\/log[^]*counter +idle[^]*\{"ok":2\}[^]*counter +verified/,
    tested: /pass 4\n[^]*fail 0\n/,
  },
  http: {
    start: visit,
    started: /&lt;b&gt;<\/b> was here[^]*guestbook +idle[^]*guestbook +verified/,
    tested: /pass 5\n[^]*fail 0\n/,
  },
  handler: {
    start: run,
    started:
      /read work\/plan: +true\nwrite work\/plan: +\{ refused: 'work\/ was granted for reading only' \}/,
    tested: /pass (?:[2-9]\d)\n[^]*fail 0\n/,
  },
}

describe.each(Object.keys(templates) as Template[])('the template %s', (template) => {
  it('is made by npm create, with the versions of this release', async () => {
    const { cwd, stdout } = await made(template)
    expect(stdout).toContain(`cd ${cwd}`)
    const manifest = JSON.parse(readFileSync(join(place.folder, cwd, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
      devDependencies: Record<string, string>
    }
    for (const range of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(range).toMatch(/^\^?\d+\.\d+\.\d+$/)
    }
  })

  it('starts', async () => {
    const { start, started } = says[template]
    expect(await start(await installed(template))).toMatch(started)
  })

  it('passes its tests', async () => {
    const { stdout } = await place.ok('npm', ['test'], { cwd: await installed(template) })
    expect(stdout).toMatch(says[template].tested)
    expect(stdout).not.toMatch(/skipped [1-9]|todo [1-9]/)
  })

  it('holds under its own TypeScript', async () => {
    const { stdout } = await place.run('npx', ['tsc', '--noEmit'], { cwd: await installed(template) })
    expect(stdout).toBe('')
  })
})

it('a folder that is taken is refused', async () => {
  place.write({ 'taken/mine.txt': 'mine' })
  const ran = await place.run('npm', ['create', 'theater', 'taken', '--', '--template', 'handler'])
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('taken is not empty: take another name, or empty it')
  expect(existsSync(join(place.folder, 'taken', 'package.json'))).toBe(false)
})
