import { FsError } from '@theater/actor'
import { describe, expect, it } from 'vitest'
import { audit } from '../actors/audit.ts'
import type { Finding } from '../actors/finding.ts'
import { text } from './support/texts.ts'

/** Audits a package that has these files; a manifest that is no text is made one. */
function auditOf(manifest: unknown, files: Readonly<Record<string, string>> = {}): Finding {
  const all: Readonly<Record<string, string>> = {
    'package.json': typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
    ...files,
  }
  const bytes = (path: string): Uint8Array => {
    const found = all[path.replace('/packages/some@1.0.0/node_modules/some/', '')]
    if (found === undefined) throw new FsError(path, 'no-entry')
    return new TextEncoder().encode(found)
  }
  const fs = {
    readBytes: bytes,
    stat: (path: string) => ({ kind: 'file', size: bytes(path).length, modified: null }) as const,
    readDir: () => Object.keys(all).map((name) => ({ name, kind: 'file' }) as const),
  }
  return audit(fs, '/packages', {
    name: 'some',
    version: '1.0.0',
    folder: 'some@1.0.0/node_modules/some',
  })
}

describe('what package.json declares', () => {
  it.each<[what: string, manifest: object, licence: string, kind: string]>([
    ['an expression', { license: '(MIT OR GPL-3.0-only)' }, 'MIT OR GPL-3.0-only', 'permissive'],
    ['a name that people use', { license: 'Apache License, Version 2.0' }, 'Apache-2.0', 'permissive'],
    ['an object', { license: { type: 'GPL-2.0', url: 'https://…' } }, 'GPL-2.0', 'strong copyleft'],
    ['a list', { licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }] }, 'MIT OR GPL-2.0', 'permissive'],
    ['a list of texts', { licenses: ['LGPL-3.0', 'GPLv3'] }, 'LGPL-3.0 OR GPL-3.0-only', 'weak copyleft'],
    ['a list of one', { licenses: ['MPL-2.0'] }, 'MPL-2.0', 'weak copyleft'],
    ['only an address', { licenses: [{ url: 'https://opensource.org/licenses/MIT' }] }, 'MIT', 'permissive'],
    ['UNLICENSED', { license: 'UNLICENSED' }, 'UNLICENSED', 'none'],
  ])('can be %s', (_what, manifest, licence, kind) => {
    expect(auditOf(manifest)).toMatchObject({ licence, kind })
  })

  it('is compared with the licence file', () => {
    expect(auditOf({ license: 'MIT' }, { LICENSE: text['AGPL-3.0-only'] })).toMatchObject({
      licence: 'MIT',
      kind: 'strong copyleft',
      note: 'but LICENSE reads as AGPL-3.0-only',
    })
    const dual = { 'LICENSE-GPL': text['GPL-3.0-only'], 'LICENSE-MIT': text.MIT }
    expect(auditOf({ license: 'MIT OR GPL-3.0-or-later' }, dual)).toMatchObject({
      kind: 'permissive',
      note: '',
    })
  })

  it('is taken for nothing where it is no licence, and the text decides', () => {
    expect(auditOf({ license: 'BSD' }, { LICENSE: text['BSD-2-Clause'] })).toMatchObject({
      licence: 'BSD-2-Clause',
      kind: 'permissive',
      source: 'licence text',
      note: expect.stringContaining('"BSD"'),
    })
    expect(auditOf({ license: 'Beer' })).toMatchObject({ licence: 'Beer', kind: 'unclear' })
  })
})

describe('SEE LICENSE IN', () => {
  const license = 'SEE LICENSE IN TERMS.md'

  it('is what the file says', () => {
    expect(auditOf({ license }, { 'TERMS.md': text['MPL-2.0'] })).toMatchObject({
      licence: 'MPL-2.0',
      kind: 'weak copyleft',
      source: 'named file',
      files: ['TERMS.md'],
    })
  })

  it('is unclear where the file has terms of its own', () => {
    expect(auditOf({ license }, { 'TERMS.md': 'Ask us.' })).toMatchObject({ kind: 'unclear' })
  })

  it('is no licence where there is no such file, whatever path it names', () => {
    expect(auditOf({ license })).toMatchObject({
      kind: 'none',
      note: 'refers to TERMS.md, which is not there',
    })
    expect(auditOf({ license: 'SEE LICENSE IN ../../../etc/passwd' })).toMatchObject({
      kind: 'none',
      files: [],
    })
  })
})

describe('a package that declares nothing', () => {
  it('has the licence that its text is', () => {
    expect(auditOf({}, { LICENSE: text.ISC })).toMatchObject({
      licence: 'ISC',
      kind: 'permissive',
      source: 'licence text',
    })
  })

  it('has none without a text', () => {
    expect(auditOf({ name: 'some' })).toMatchObject({ licence: '', kind: 'none', source: 'nowhere' })
  })

  it('is unclear with a text that is not known', () => {
    expect(auditOf({}, { LICENSE: 'Mine!' })).toMatchObject({
      licence: '',
      kind: 'unclear',
      files: ['LICENSE'],
    })
  })
})

it('keeps what a package says of itself short', () => {
  const long = 'x'.repeat(10_000)
  for (const text of Object.values(auditOf({ name: long, version: long, license: long }))) {
    expect(text.length).toBeLessThan(250)
  }
})

describe('a package that cannot be read', () => {
  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['too large', ' '.repeat((1 << 20) + 1)],
  ])('is a finding: %s', (_what, manifest) => {
    const finding = auditOf(manifest)
    expect(finding).toMatchObject({ name: 'some', version: '1.0.0', kind: 'unclear' })
    expect(finding.note).not.toBe('')
  })

  it.each([{ license: 7 }, { license: null }, { licenses: {} }, { license: [{}] }, { name: 1, version: {} }])(
    'is none: %j only says nothing',
    (manifest) => {
      expect(auditOf(manifest)).toMatchObject({ name: 'some', version: '1.0.0', kind: 'none' })
    },
  )
})
