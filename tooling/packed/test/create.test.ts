// `npm create theater` from its tarball, and what it makes, as a stranger does it: install, start, test.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { templates } from 'create-theater'
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

/** What a project says of itself when it has been installed, started and tested. */
const says: { readonly [name in keyof typeof templates]: { start: RegExp; test: RegExp } } = {
  actor: {
    start: /imports +theater:actor\/log[^]*counter +idle[^]*\{"ok":2\}[^]*counter +verified/,
    test: /pass 4\n[^]*fail 0\n/,
  },
  handler: {
    start: /read work\/plan: +true\nwrite work\/plan: +\{ refused: 'work\/ was granted for reading only' \}/,
    test: /pass (?:[2-9]\d)\n[^]*fail 0\n/,
  },
}

describe.each(Object.keys(says) as (keyof typeof says)[])('the template %s', (template) => {
  const cwd = `my-${template}`

  it('is made by npm create', async () => {
    const { stdout } = await place.ok('npm', [
      'create',
      'theater',
      cwd,
      '--yes',
      '--',
      '--template',
      template,
    ])
    expect(stdout).toContain(`cd ${cwd}`)
    const manifest = JSON.parse(readFileSync(join(place.folder, cwd, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
      devDependencies: Record<string, string>
    }
    for (const range of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(range).toMatch(/^\^?\d+\.\d+\.\d+$/)
    }
  })

  it('installs, starts and passes its tests', async () => {
    await place.ok('npm', ['install'], { cwd })
    expect((await place.ok('npm', ['start'], { cwd })).stdout).toMatch(says[template].start)
    const { stdout } = await place.ok('npm', ['test'], { cwd })
    expect(stdout).toMatch(says[template].test)
    expect(stdout).not.toMatch(/skipped [1-9]|todo [1-9]/)
  })

  it('holds under its own TypeScript', async () => {
    const { stdout } = await place.run('npx', ['tsc', '--noEmit'], { cwd })
    expect(stdout).toBe('')
  })
})

it('every template is among them, and a folder that is taken is refused', async () => {
  expect(Object.keys(says).toSorted()).toEqual(Object.keys(templates).toSorted())
  const ran = await place.run('npm', ['create', 'theater', 'my-handler', '--', '--template', 'handler'])
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain('my-handler is not empty: take another name, or empty it')
  expect(existsSync(join(place.folder, 'my-handler', 'theater.toml'))).toBe(false)
})
