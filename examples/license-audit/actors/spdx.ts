import parse, { type Info } from 'spdx-expression-parse'
import type { Kind } from './finding.ts'

/** Licences that ask for the source of the whole work, by the beginning of their identifier. */
const strong =
  /^(AGPL|GPL|SSPL|OSL|EUPL|RPL|RPSL|CECILL-[12]|QPL|Sleepycat|CC-BY-SA|ODbL|Parity|CPAL|NPOSL|Watcom)/
/** Licences that ask for the source of what was changed. */
const weak =
  /^(LGPL|LGPLLR|MPL|EPL|CDDL|CPL|IPL|MS-RL|CECILL-C|APSL|ErlPL|OFL|NPL|SPL|Nokia|LPPL|CDLA-Sharing)/
/** Licences that ask for a notice, or for nothing. */
const permissive =
  /^(MIT|ISC|Apache|0BSD|BlueOak|CC0|Unlicense|Zlib|zlib|Python|PSF|CNRI|Artistic|WTFPL|BSL-1\.0$|X11|NCSA|Unicode|PostgreSQL|AFL|UPL|W3C|HPND|ICU|curl|Libpng|libpng|libtiff|TCL|NTP|Fair|FTL|Beerware|Xnet|bzip2|OpenSSL|PHP|ECL|MulanPSL|CDLA-Permissive|Ruby|Vim|JSON|MS-PL|OLDAP|EFL|PDDL|SAX-PD|CECILL-B|blessing|Plexus|Info-ZIP|TU-Berlin)|^BSD-(?!.*(No-Nuclear|Protection))|^CC-BY-\d/

/** What several licences ask for together, or at least: the place in this list. */
const order: readonly Kind[] = ['permissive', 'weak copyleft', 'strong copyleft', 'unclear', 'none']

/** A licence as it was understood. */
export interface Reading {
  /** As SPDX writes it. */
  readonly expression: string
  readonly kind: Kind
  /** The identifiers in it. */
  readonly ids: readonly string[]
}

/**
 * Reads an SPDX expression: of an `OR` the licence that asks for least counts, of an `AND` the one that asks for most.
 * An exception (`WITH`) permits more than its licence and is not taken for another kind. Undefined for what is no
 * expression.
 */
export function readExpression(text: string): Reading | undefined {
  const said = text.trim()
  // Brackets nest, and the parser recurses: whoever wrote the text must not choose how deep.
  if (said.length > 500) return undefined
  const meant = corrections.find(([wrong]) => wrong.test(said))?.[1]
  const expression = [said, meant].find((one) => one !== undefined && parsed(one) !== undefined)
  const info = expression === undefined ? undefined : parsed(expression)
  if (expression === undefined || info === undefined) return undefined
  return { expression: expression.replace(/^\((.*)\)$/, unwrapped), kind: kindOf(info), ids: idsOf(info) }
}

function parsed(text: string): Info | undefined {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

/** What one SPDX identifier asks for. */
export function kindOfId(id: string): Kind {
  if (weak.test(id)) return 'weak copyleft'
  if (strong.test(id)) return 'strong copyleft'
  return permissive.test(id) ? 'permissive' : 'unclear'
}

function kindOf(info: Info): Kind {
  if ('license' in info) return kindOfId(info.license)
  const [left, right] = [kindOf(info.left), kindOf(info.right)]
  const stricter = order.indexOf(left) > order.indexOf(right)
  return stricter === (info.conjunction === 'and') ? left : right
}

function idsOf(info: Info): readonly string[] {
  return 'license' in info ? [info.license] : [...idsOf(info.left), ...idsOf(info.right)]
}

/** Brackets around the whole are taken off: not those of `(A OR B) AND (C OR D)`. */
function unwrapped(whole: string, inside: string): string {
  let depth = 0
  for (const character of inside) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (depth < 0) return whole
  }
  return inside
}

/** What people write for what SPDX calls otherwise. Where a version is missing, none is made up. */
const corrections: readonly (readonly [RegExp, string])[] = [
  [/^(the )?(MIT|expat)([ /-]?(X11|licen[cs]ed?))?$/i, 'MIT'],
  [/^https?:\/\/.*\bmit(-license)?(\.(php|html|org))?\/?$/i, 'MIT'],
  [/^apache[ -]*(software )?(licen[cs]e)?,?[ -]*(v|version )?\.?2(\.0)?$/i, 'Apache-2.0'],
  [/^https?:\/\/(www\.)?apache\.org\/licenses\/LICENSE-2\.0(\.(txt|html))?$/i, 'Apache-2.0'],
  [/^(new |modified |3-clause )bsd( licen[cs]e)?$|^bsd[ -]3([ -]clause)?$/i, 'BSD-3-Clause'],
  [/^(simplified |2-clause )bsd( licen[cs]e)?$|^bsd[ -]2([ -]clause)?$/i, 'BSD-2-Clause'],
  [/^isc licen[cs]e$/i, 'ISC'],
  [/^(the )?unlicen[cs]e$/i, 'Unlicense'],
  [/^AGPL[ -]?v?3(\.0)?$/i, 'AGPL-3.0-only'],
  [/^LGPL[ -]?v?3(\.0)?$/i, 'LGPL-3.0-only'],
  [/^LGPL[ -]?v?2\.1$/i, 'LGPL-2.1-only'],
  [/^GPL[ -]?v?3(\.0)?$/i, 'GPL-3.0-only'],
  [/^GPL[ -]?v?2(\.0)?$/i, 'GPL-2.0-only'],
  [/^MPL[ -]?v?2(\.0)?$|^mozilla public licen[cs]e,? (v|version )?2(\.0)?$/i, 'MPL-2.0'],
  [/^(CC0|CC0[ -]1\.0)$/i, 'CC0-1.0'],
]
