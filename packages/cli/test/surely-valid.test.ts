import { surelyValid } from '@theater/values'
import type { Json } from '@theater/values'
import { expect, test } from 'vitest'
import { grantSchemas } from '../src/grant-schemas.ts'
import { schemaWith } from '../src/manifest-schema.ts'

test.each(Object.entries(grantSchemas))(
  'no compiler of schemas is needed for grants of %s',
  (name, schema) => {
    const examples = (schema['examples'] ?? []) as readonly Json[]
    expect(examples.length).toBeGreaterThan(0)
    for (const grant of examples) {
      expect(surelyValid(schema, grant)).toBe(true)
      const actor = { component: 'a.wasm', grants: { [name]: grant }, params: { string: 'a' } }
      expect(
        surelyValid(
          schemaWith({}, () => true),
          { host: { actors: 10 }, actor: { a: actor } },
        ),
      ).toBe(true)
      expect(
        surelyValid(
          schemaWith({}, () => true),
          { actor: { a: { ...actor, unknown: 1 } } },
        ),
      ).toBe(false)
    }
  },
)
