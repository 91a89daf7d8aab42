import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { handlerNames, manifestSchema, parseManifest } from '../src/index.ts'
import { makeHandlers } from '../src/handlers.ts'
import { exampleOf } from '../src/manifest-text.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const shipped = JSON.parse(read('../theater.schema.json'))
const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true })
const validate = ajv.compile(shipped)

const examples = new URL('../../../examples/', import.meta.url)
const shown = globSync('*/theater.toml', { cwd: fileURLToPath(examples) })

/** Manifests that are shown or shipped somewhere. */
const manifests: Record<string, string> = {
  ...Object.fromEntries(
    shown.map((path) => [`examples/${path}`, readFileSync(new URL(path, examples), 'utf8')]),
  ),
  'docs/cli.md': /```toml\n([^]*?)```/.exec(read('../../../docs/cli.md'))?.[1] ?? '',
  'packages/cli/README.md': /```toml\n([^]*?)```/.exec(read('../README.md'))?.[1] ?? '',
  'README.md': /```toml\n([^]*?)```/.exec(read('../../../README.md'))?.[1] ?? '',
}

describe('theater.schema.json', () => {
  it('is held against the manifests of the examples', () => {
    expect(shown).toContain('license-audit/theater.toml')
  })

  it('is the schema that manifests are checked with: `pnpm schema` writes it', () => {
    expect(shipped).toEqual(manifestSchema)
  })

  it.for(Object.keys(manifests))('takes the manifest of %s, as the loader does', (name) => {
    const text = manifests[name] ?? ''
    validate(plain(parse(text)))
    expect(validate.errors ?? []).toEqual([])
    expect(parseManifest(text, { path: 'theater.toml', folder: '/app' }).actors).not.toEqual([])
  })

  it('has words for every key that an editor may show', () => {
    const mute: string[] = []
    const walk = (schema: any, at: string): void => {
      for (const [key, part] of Object.entries<any>({ ...schema.properties, ...schema.patternProperties })) {
        if (typeof part.description !== 'string') mute.push(`${at}.${key}`)
        walk(part, `${at}.${key}`)
      }
      for (const part of [schema.items, schema.additionalProperties, ...(schema.oneOf ?? [])])
        if (typeof part === 'object') walk(part, `${at}.*`)
    }
    walk(shipped, 'root')
    expect(mute).toEqual([])
  })

  it('has of every handler its own schema, with an example that it takes', async () => {
    const handlers = await makeHandlers({ store: ':memory:' })
    const { properties } = shipped.properties.actor.additionalProperties.properties.grants
    expect(Object.keys(properties).toSorted()).toEqual([...handlerNames].toSorted())
    for (const { name, grant } of handlers) {
      const { $schema: _, ...rest } = grant
      // Components are files in a manifest, and digests in a record.
      const { examples, properties: keys } = name === 'supervisor' ? properties[name] : rest
      expect(properties[name]).toEqual({ ...rest, examples, properties: keys })
      expect([name, Array.isArray(grant['examples'])]).toEqual([name, true])
      expect(new Ajv2020({ strict: true }).validate(grant, exampleOf(grant))).toBe(true)
    }
  })
})

/** As JSON, which is what an editor checks. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
