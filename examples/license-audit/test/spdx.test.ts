import { describe, expect, it } from 'vitest'
import type { Kind } from '../actors/finding.ts'
import { kindOfId, readExpression } from '../actors/spdx.ts'

describe('an SPDX expression', () => {
  it.each<[expression: string, kind: Kind]>([
    ['MIT', 'permissive'],
    ['BSD-3-Clause', 'permissive'],
    ['BSD-3-Clause-No-Nuclear-License', 'unclear'],
    ['Apache-2.0 WITH LLVM-exception', 'permissive'],
    ['GPL-3.0-or-later', 'strong copyleft'],
    ['GPL-2.0+', 'strong copyleft'],
    ['GPL-2.0-only WITH Classpath-exception-2.0', 'strong copyleft'],
    ['AGPL-3.0-only', 'strong copyleft'],
    ['LGPL-2.1-or-later', 'weak copyleft'],
    ['MPL-2.0', 'weak copyleft'],
    ['EPL-2.0', 'weak copyleft'],
    ['CDDL-1.1', 'weak copyleft'],
    ['CC-BY-4.0', 'permissive'],
    ['CC-BY-SA-4.0', 'strong copyleft'],
    ['CC-BY-NC-4.0', 'unclear'],
    ['BUSL-1.1', 'unclear'],
    ['LicenseRef-Our-Own', 'unclear'],
  ])('%s is %s', (expression, kind) => {
    expect(readExpression(expression)).toMatchObject({ expression, kind })
  })

  it.each<[expression: string, kind: Kind]>([
    ['MIT OR GPL-3.0-only', 'permissive'],
    ['(GPL-2.0-only OR MPL-2.0)', 'weak copyleft'],
    ['MIT AND LGPL-3.0-only', 'weak copyleft'],
    ['(MIT OR Apache-2.0) AND (ISC OR GPL-3.0-only)', 'permissive'],
    ['(MIT AND GPL-3.0-only) OR LGPL-3.0-only', 'weak copyleft'],
    ['LicenseRef-Own OR MIT', 'permissive'],
    ['LicenseRef-Own AND GPL-3.0-only', 'unclear'],
  ])('%s asks for %s: of OR the least, of AND the most', (expression, kind) => {
    expect(readExpression(expression)?.kind).toBe(kind)
  })

  it.each([
    ['(MIT)', 'MIT'],
    ['((MIT OR ISC))', '(MIT OR ISC)'],
    ['(MIT OR ISC) AND (BSD-2-Clause OR ISC)', '(MIT OR ISC) AND (BSD-2-Clause OR ISC)'],
  ])('%s is written %s', (text, expression) => {
    expect(readExpression(text)?.expression).toBe(expression)
  })

  it.each([
    ['The MIT License', 'MIT'],
    ['MIT/X11', 'MIT'],
    ['https://opensource.org/licenses/MIT', 'MIT'],
    ['Apache License, Version 2.0', 'Apache-2.0'],
    ['Apache 2.0', 'Apache-2.0'],
    ['New BSD', 'BSD-3-Clause'],
    ['GPLv3', 'GPL-3.0-only'],
    ['MPL 2.0', 'MPL-2.0'],
  ])('%s is what people write for %s', (text, expression) => {
    expect(readExpression(text)?.expression).toBe(expression)
  })

  it.each(['', 'BSD', 'free as in beer', 'MIT OR', 'SEE LICENSE IN x', 'MIT or later maybe'])(
    '%j is none, and nothing is made up for it',
    (text) => {
      expect(readExpression(text)).toBeUndefined()
    },
  )
})

it('may not be so long that it could exhaust the stack', () => {
  expect(readExpression(`${'('.repeat(100_000)}MIT`)).toBeUndefined()
})

describe('an identifier', () => {
  it.each<[string, Kind]>([
    ['CECILL-2.1', 'strong copyleft'],
    ['CECILL-C', 'weak copyleft'],
    ['CECILL-B', 'permissive'],
    ['BSL-1.0', 'permissive'],
    ['Python-2.0', 'permissive'],
    ['JSON', 'permissive'],
    ['Elastic-2.0', 'unclear'],
    ['SSPL-1.0', 'strong copyleft'],
  ])('%s is %s', (id, kind) => {
    expect(kindOfId(id)).toBe(kind)
  })
})
