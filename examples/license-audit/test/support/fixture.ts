import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from './texts.ts'

type Files = Readonly<Record<string, string | { readonly link: string }>>

/** A package for the audit, and what is to be said about it: its kind, and its licence. */
interface Case {
  readonly files: Files
  readonly kind: string
  readonly licence: string
}

const manifest = (name: string, more: object): string =>
  JSON.stringify({ name, version: '1.0.0', ...more }, null, 2)

function said(name: string, more: object, kind: string, licence: string, files: Files = {}): [string, Case] {
  return [name, { files: { 'package.json': manifest(name, more), ...files }, kind, licence }]
}

/** Packages as they are found in the world, and some that nobody should ever meet. */
export const cases: ReadonlyMap<string, Case> = new Map([
  said('plain', { license: 'MIT' }, 'permissive', 'MIT', { LICENSE: text.MIT }),
  said('choice', { license: '(GPL-3.0-only OR MIT)' }, 'permissive', 'GPL-3.0-only OR MIT'),
  said('both', { license: 'MIT AND LGPL-2.1-or-later' }, 'weak copyleft', 'MIT AND LGPL-2.1-or-later'),
  said('gpl', { license: 'GPL-3.0-or-later' }, 'strong copyleft', 'GPL-3.0-or-later'),
  said('agpl', { license: 'AGPLv3' }, 'strong copyleft', 'AGPL-3.0-only'),
  said('mozilla', { license: 'MPL-2.0' }, 'weak copyleft', 'MPL-2.0'),
  said(
    'old',
    { licenses: [{ type: 'CDDL-1.0' }, { type: 'GPL-2.0' }] },
    'weak copyleft',
    'CDDL-1.0 OR GPL-2.0',
  ),
  said('elsewhere', { license: 'SEE LICENSE IN EULA.txt' }, 'unclear', '', { 'EULA.txt': 'Pay.' }),
  said('outside', { license: 'SEE LICENSE IN ../../../../outside.txt' }, 'none', ''),
  said('silent', {}, 'none', ''),
  said('by-text', {}, 'permissive', 'ISC', { 'LICENSE.md': text.ISC }),
  said('liar', { license: 'MIT' }, 'strong copyleft', 'MIT', { COPYING: text['AGPL-3.0-only'] }),
  said('@scope/kit', { license: 'Apache-2.0' }, 'permissive', 'Apache-2.0'),
  said(
    'markup',
    { license: '<script>alert(1)</script>\u001b[2J' },
    'unclear',
    '<script>alert(1)</script>\u001b[2J',
  ),
  said('brackets', { license: '('.repeat(200_000) }, 'unclear', `${'('.repeat(200)}…`),
  ['broken', { files: { 'package.json': '{' }, kind: 'unclear', licence: '' }],
  ['deep', { files: { 'package.json': '['.repeat(500_000) }, kind: 'unclear', licence: '' }],
  ['huge', { files: { 'package.json': ' '.repeat(2 ** 21) }, kind: 'unclear', licence: '' }],
  ['empty', { files: {}, kind: 'unclear', licence: '' }],
  ['escape', { files: { 'package.json': { link: '/etc/passwd' } }, kind: 'unclear', licence: '' }],
  said('linked', {}, 'none', '', { LICENSE: { link: '../../../../outside.txt' } }),
])

/** Lays the packages out as pnpm does, below a folder; beside it lies a file that nobody was granted. */
export function layOut(folder: string): string {
  const packages = join(folder, 'packages')
  for (const [name, { files }] of cases) {
    const home = join(packages, `${name.replace('/', '+')}@1.0.0`, 'node_modules', name)
    mkdirSync(home, { recursive: true })
    for (const [file, content] of Object.entries(files)) {
      const path = join(home, file)
      mkdirSync(dirname(path), { recursive: true })
      if (typeof content === 'string') writeFileSync(path, content)
      else symlinkSync(content.link, path)
    }
  }
  writeFileSync(join(folder, 'outside.txt'), text.MIT)
  return packages
}
