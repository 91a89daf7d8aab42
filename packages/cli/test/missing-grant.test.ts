import { TheaterError } from '@theater/runtime'
import { relayGuest } from '@theater/guests/relay'
import { describe, expect, it } from 'vitest'
import { placed } from '../src/grant-place.ts'
import { ManifestError } from '../src/manifest-error.ts'
import { readPlaced } from '../src/manifest.ts'
import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import { folder, theater } from './support/theater.ts'

const unmet = [
  { interface: 'theater:store/blobs@0.1.0', handler: 'store', fn: undefined },
  { interface: 'theater:store/labels@0.1.0', handler: 'store', fn: undefined },
  { interface: 'theater:messaging/client@0.1.0', handler: 'messaging', fn: undefined },
]

/** Manifests of one actor that was granted neither, in all the ways to write one. */
const shapes: Record<string, string> = {
  'a table': '[actor.x]\ncomponent = "x.wasm"\n',
  'another actor after it': '[actor.x]\ncomponent = "x.wasm"\n\n[actor.y]\ncomponent = "y.wasm"\n',
  'a table of grants': '[actor.x]\ncomponent = "x.wasm"\n[actor.x.grants]\nlog.level = "info"\n',
  'a table of one grant': '[actor.x.grants.log]\n[actor.x]\ncomponent = "x.wasm"',
  'dotted keys': '[actor]\nx.component = "x.wasm"\nx.grants.log = {}\n',
  'dotted keys at the top': 'actor.x.component = "x.wasm"\n',
  'params of several lines': '[actor.x]\ncomponent = "x.wasm"\nparams.string = """\n[actor.y]\n"""\n',
  'grants in braces': '[actor.x]\ncomponent = "x.wasm"\ngrants = { log = {} }\n',
  'no grants in braces': '[actor.x]\ncomponent = "x.wasm"\ngrants = {}\n',
  'an actor in braces': '[actor]\nx = { component = "x.wasm" }\n',
  'all in braces': 'actor = { x = { component = "x.wasm", grants = { log = {} } } }\n',
  'a quoted id':
    '[actor.x]\ncomponent = "x.wasm"\n\n[actor.z]\ncomponent = "z"\n[actor.x.limits]\nmailbox = 3\n',
}

/** Does what the problems say. */
function mend(text: string, { problems }: ManifestError): string {
  const mended = text.split('\n')
  const after: { line: number; add: readonly string[] }[] = []
  for (const { message, add, place } of problems) {
    const line = /Add after line (\d+):/.exec(message)?.[1]
    if (line !== undefined) after.push({ line: Number(line), add })
    else {
      const row = (place?.line ?? 1) - 1
      const at = (place?.column ?? 1) - 1
      const old = mended[row] ?? ''
      const empty = /^\{\s*\}/.test(old.slice(at))
      mended[row] = `${old.slice(0, at)}{ ${add.join('')}${empty ? '' : ','}${old.slice(at + 1)}`
    }
  }
  for (const { line, add } of after.toSorted((a, b) => b.line - a.line)) mended.splice(line, 0, ...add)
  return mended.join('\n')
}

describe('a grant that is missing', () => {
  it.for(Object.keys(shapes))('comes with the lines to add: %s', async (name) => {
    const text = shapes[name] ?? ''
    const cwd = folder({ 'theater.toml': text })
    const path = join(cwd, 'theater.toml')
    const before = await readPlaced(path)
    const error = await placed(
      new TheaterError('unmet-import', 'm', { actor: 'x', detail: unmet }),
      before,
      'x',
    )
    if (!ManifestError.is(error)) throw error
    expect(error.problems.map(({ code }) => code)).toEqual(['unmet-import', 'unmet-import'])
    expect(error.message).toContain('theater:store/blobs@0.1.0, theater:store/labels@0.1.0')
    writeFileSync(path, mend(text, error))
    const { actors } = await readPlaced(path)
    expect(actors.find(({ id }) => id === 'x')?.grants).toMatchObject({
      store: { rights: ['read', 'write', 'label'] },
      messaging: { to: ['reporter'] },
    })
    // What was there is there still.
    expect(actors.map(({ id, component, params, limits }) => ({ id, component, params, limits }))).toEqual(
      before.actors.map(({ id, component, params, limits }) => ({ id, component, params, limits })),
    )
  })

  it('stops the actor with 3, and what inspect prints makes it run', async () => {
    const cwd = folder({
      'keeper.wasm': relayGuest('store'),
      'b.toml': '[actor.k]\ncomponent = "keeper.wasm"\n',
    })
    const refused = await theater(['run', 'b.toml', '--json'], { cwd })
    expect(refused.code).toBe(3)
    const { error } = JSON.parse(refused.stderr.trimEnd().split('\n').at(-1) ?? '')
    expect(error).toMatchObject({ code: 'unmet-import', file: 'b.toml', line: 1, column: 1 })
    expect(error.problems).toHaveLength(1)
    expect(error.problems[0].add).toContain('[actor.k.grants.store]')
    const shown = await theater(['inspect', 'keeper.wasm', '--toml'], { cwd })
    expect(shown.stdout).toMatch(/^#:schema \S+theater\.schema\.json\n/)
    writeFileSync(join(cwd, 'theater.toml'), shown.stdout)
    const ran = await theater(['run', 'theater.toml'], { cwd })
    expect([ran.code, ran.stderr]).toEqual([0, 'keeper made\n'])
  })

  it('is what inspect comments out where it is not needed, and what is commented out is right', async () => {
    const cwd = folder({ 'files.wasm': relayGuest('fs') })
    const { stdout } = await theater(['inspect', 'files.wasm', '--toml'], { cwd })
    const path = join(cwd, 'theater.toml')
    writeFileSync(path, stdout)
    expect((await readPlaced(path)).actors[0]?.grants).toEqual({})
    writeFileSync(path, stdout.replaceAll(/^#(?=[[a-z])/gm, ''))
    expect(readFileSync(path, 'utf8')).toContain('\n[actor.files.grants.fs]')
    expect((await readPlaced(path)).actors[0]?.grants).toEqual({
      fs: { mounts: { '/data': { host: join(cwd, 'data'), rights: 'r' } } },
    })
  })

  it('of a folder that is not there is shown at the folder', async () => {
    const manifest =
      '[actor.f]\ncomponent = "files.wasm"\n[actor.f.grants.fs.mounts]\n"/data" = { host = "nowhere", rights = "r" }\n'
    const cwd = folder({ 'files.wasm': relayGuest('fs'), 'theater.toml': manifest })
    const { code, stderr } = await theater(['run', 'theater.toml'], { cwd })
    expect(stderr).toContain('theater.toml:4:20: ')
    expect(stderr).toContain('^^^^^^^^^')
    expect(code).toBe(3)
  })
})
