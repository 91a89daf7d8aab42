import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { ManifestError, parseManifest } from '../src/index.ts'

const shipped = JSON.parse(readFileSync(new URL('../theater.schema.json', import.meta.url), 'utf8'))
const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(shipped)

type Table = { [key: string]: unknown }

/** Every handler's grants, whole and right. */
const grants = fc.record(
  {
    cli: fc.constantFrom({}, { stdin: 'none' }, { stdin: { text: 'a' }, env: { A: 'b' }, args: ['x'] }),
    fs: fc.constantFrom({ mounts: {} }, { mounts: { '/data': { host: 'data', rights: 'r' } } }),
    log: fc.constantFrom({}, { level: 'warn' }),
    messaging: fc.constantFrom({ to: [] }, { to: ['a', 'b-*', 'c:1'] }),
    process: fc.constantFrom(
      { programs: {} },
      { programs: { a: { path: '/a', args: [{}, { begin: ['x', { prefix: 'y' }] }] } }, timeoutMs: 5 },
    ),
    supervisor: fc.constantFrom({ components: [] }, { components: ['a.wasm', '../b'] }),
    store: fc.constantFrom(
      { rights: ['read'] },
      { rights: ['label', 'write'], namespace: 'n', maxBytes: 5, labels: 'a/' },
    ),
  },
  { requiredKeys: [] },
)

const actor = fc.record(
  {
    component: fc.constantFrom('a.wasm', '../b/c.wasm', 'strange.name', '.ts'),
    grants,
    params: fc.constantFrom({ json: { a: [1, true] } }, { string: '' }, { bytes: 'AAEC', format: 'x/y' }),
    limits: fc.constantFrom({}, { mailbox: 1, callMs: 5 }, { handles: 1_000_000, outbox: 7 }),
  },
  { requiredKeys: ['component'] },
)

const whole = fc.dictionary(fc.constantFrom('a', 'b:1', '1', 'x.y', 'tostring'), actor, {
  minKeys: 1,
  maxKeys: 3,
})

const junk = fc.constantFrom<unknown>(
  '',
  'rw',
  'x.ts',
  'No Way',
  'a\0b',
  0,
  1,
  -1,
  1.5,
  2 ** 53,
  true,
  [],
  ['a', 'a'],
  {},
  { text: 'a' },
  { json: 1, string: '' },
)

const names = fc.constantFrom(
  'component',
  'grants',
  'store',
  'rights',
  'toString',
  'data',
  'No Way',
  'json',
  'mailbx',
  'x',
  '',
)

/** What is done to one place of a manifest, so that it is likely to be wrong. */
const slips = fc.array(
  fc.record({ at: fc.nat(), how: fc.constantFrom('set', 'drop', 'rename', 'add'), name: names, value: junk }),
  { maxLength: 3 },
)

function slip(
  root: Table,
  { at, how, name, value }: { at: number; how: string; name: string; value: unknown },
): void {
  const tables: Table[] = []
  const walk = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return
    if (!Array.isArray(one)) tables.push(one as Table)
    for (const part of Object.values(one)) walk(part)
  }
  walk(root)
  const table = tables[at % tables.length] ?? root
  const keys = Object.keys(table)
  const key = keys[at % Math.max(1, keys.length)] ?? name
  if (how === 'add') table[name] = structuredClone(value)
  else if (how === 'set') table[key] = structuredClone(value)
  else {
    const held = Object.hasOwn(table, key) ? table[key] : undefined
    delete table[key]
    if (how === 'rename' && held !== undefined) table[name] = held
  }
}

/** Why the loader refuses a text; nothing where it takes it. */
function refusal(text: string): string | undefined {
  try {
    parseManifest(text, { path: 'theater.toml', folder: '/app' })
    return undefined
  } catch (error) {
    if (!ManifestError.is(error)) throw error
    return error.message
  }
}

describe('the schema and the loader', () => {
  it('take the same manifests', () => {
    const seen = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(whole, slips, (actors, mistakes) => {
        const manifest: Table = { actor: structuredClone(actors) }
        for (const one of mistakes) slip(manifest, one)
        const text = stringify(manifest)
        const why = refusal(text)
        // No schema says what is base64.
        fc.pre(why?.includes('not base64') !== true)
        seen[why === undefined ? 'taken' : 'refused']++
        expect([validate(manifest), why, text]).toEqual([why === undefined, why, text])
      }),
      { numRuns: 1500 },
    )
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(200)
  })

  it('differ where the documentation says so, and nowhere else', () => {
    const manifest = (params: string) => `[actor.a]\ncomponent = "a.wasm"\nparams = ${params}\n`
    const only = { actor: { a: { component: 'a.wasm', params: { bytes: '!' } } } }
    expect(validate(only)).toBe(true)
    expect(refusal(manifest('{ bytes = "!" }'))).toContain('not base64')
    for (const value of ['2020-01-01', 'inf', 'nan', '9007199254740993'])
      expect(refusal(manifest(`{ json = ${value} }`))).toContain('cannot be written as JSON')
    for (const key of ['__proto__', 'constructor']) {
      expect(refusal(manifest(`{ json = { ${key} = 1 } }`))).toContain('cannot be keys')
      expect(validate(JSON.parse(`{"actor":{"${key}":{"component":"a.wasm"}}}`))).toBe(false)
    }
  })
})
