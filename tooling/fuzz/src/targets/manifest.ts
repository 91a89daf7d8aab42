/** Manifests with slips of the pen and worse: read, or refused with the place of what is wrong. */
import { readFileSync } from 'node:fs'
import { ManifestError, parseManifest } from '@theater/cli'
import type { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'

const files = [
  '../../corpus/manifest/everything.toml',
  '../../../../examples/agent/theater.toml',
  '../../../../examples/license-audit/theater.toml',
  '../../../../packages/create-theater/templates/http/theater.toml',
]
const corpus: readonly string[] = files.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))

/** Names that every object has, and names of nothing. */
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  'then',
  '""',
  '"\\u0000"',
  "'a.b'",
  'actor',
  'component',
  'x',
  '"Ａ"',
]
const values = [
  '0',
  '-1',
  '1e999',
  'nan',
  'inf',
  '9223372036854775807',
  '"x"',
  "''",
  '[]',
  '{}',
  '[[]]',
  'true',
  '1979-05-27',
  '07:32:00',
  '"\\ud800"',
  '"../../etc/passwd"',
  '"/\\u0000"',
  '{ a = { a = { a = {} } } }',
]

/** A token: a name, a text, a number, or one character. */
const token = /[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'|\s+|./gsu

function changeToken(text: string, random: Random): string {
  const tokens: readonly string[] = text.match(token) ?? []
  const places = [...tokens.keys()].filter((i) => !/^\s+$/.test(tokens[i] ?? ''))
  if (places.length === 0) return random.of(values)
  const at = random.of(places)
  const own = tokens[at] ?? ''
  const instead = random.of([
    random.of(names),
    random.of(values),
    own.slice(1),
    `${own}${own}`,
    own.toUpperCase(),
    `"${own}"`,
    '',
    tokens[random.of(places)] ?? '',
    String.fromCodePoint(random.of([0, 7, 0x7f, 0x85, 0x2028, 0xfeff, 0x1f600, random.below(0xd800)])),
  ])
  return tokens.with(at, instead).join('')
}

function changeLines(text: string, random: Random): string {
  const lines = text.split('\n')
  const at = random.below(lines.length)
  const line = lines[at] ?? ''
  switch (random.below(7)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n')
    case 1:
      return lines.toSpliced(random.below(lines.length), 0, line).join('\n')
    case 2:
      return lines.with(at, lines[random.below(lines.length)] ?? '').join('\n')
    case 3:
      return lines
        .toSpliced(
          at,
          0,
          `[${Array.from({ length: 1 + random.below(4) }, () => random.of(names)).join('.')}]`,
        )
        .join('\n')
    case 4:
      return lines.toSpliced(at, 0, `${random.of(names)} = ${random.of(values)}`).join('\n')
    case 5: {
      const depth = random.of([10, 70, 300, 5000])
      return lines
        .toSpliced(
          at,
          0,
          random.of([
            `x = ${'['.repeat(depth)}${']'.repeat(depth)}`,
            `x = ${'{ a = '.repeat(depth)}1${' }'.repeat(depth)}`,
            `${Array(depth).fill('a').join('.')} = 1`,
          ]),
        )
        .join('\n')
    }
    default:
      return lines.slice(0, at).join(random.of(['\n', '\r\n', '\r']))
  }
}

function input(random: Random): Uint8Array {
  let text = random.of(corpus)
  const times = 1 + random.below(3)
  for (let i = 0; i < times; i++)
    text = random.chance(0.6) ? changeToken(text, random) : changeLines(text, random)
  return new TextEncoder().encode(text)
}

const folder = '/srv/app'

function broken(text: string, manifest: ReturnType<typeof parseManifest>): string | undefined {
  const { actors } = manifest
  if (actors.length === 0) return 'a manifest without actors was taken'
  for (const { id, component, grants } of actors) {
    if (!/^[a-z0-9._:-]{1,128}$/.test(id) || id in {}) return `an actor named ${JSON.stringify(id)}`
    if (!component.startsWith('/') || component.includes('\0'))
      return `a component at ${JSON.stringify(component)}`
    for (const name of Object.keys(grants))
      if (!/^(cli|fs|http|log|messaging|store)$/.test(name)) return `a grant for ${name}`
    if (Object.getPrototypeOf(grants) !== Object.prototype) return 'grants with another prototype'
  }
  const again = JSON.stringify(parseManifest(text, { path: 'theater.toml', folder }).actors)
  return again === JSON.stringify(actors) ? undefined : 'it says something else when it is read again'
}

/** Each problem has its place, but for what is missing altogether; the place is in the text. */
function misplaced(text: string, { problems, report }: ManifestError): string | undefined {
  const lines = text.split('\n')
  for (const { code, place, message, excerpt } of problems) {
    if (place === undefined) {
      if (code !== 'missing-key') return `${code} has no place: ${message}`
      continue
    }
    const line = lines[place.line - 1]
    if (line === undefined || place.column < 1 || place.column > line.length + 1)
      return `${code} is at ${place.line}:${place.column}, where nothing is: ${message}`
    if (excerpt.length === 0) return `${code} shows nothing of the text`
  }
  // oxlint-disable-next-line no-control-regex -- which is what has to be absent
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(report)
    ? 'its report has control characters'
    : undefined
}

async function run(bytes: Uint8Array): Promise<Tried> {
  const text = new TextDecoder().decode(bytes)
  try {
    const find = broken(text, parseManifest(text, { path: 'theater.toml', folder }))
    return { accepted: true, ...(find !== undefined && { find }) }
  } catch (error) {
    if (!ManifestError.is(error)) throw error
    const find = misplaced(text, error)
    return { accepted: false, marks: [`refused: ${error.code}`], ...(find !== undefined && { find }) }
  }
}

/** Its inputs are texts. */
export const target: Target = { input, run }
