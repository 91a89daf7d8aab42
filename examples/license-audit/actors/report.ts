import { sha256 } from '@noble/hashes/sha2.js'
import { type Finding, flagged, type Kind, kinds, type Source } from './finding.ts'
import type { Report, Summary } from './protocol.ts'
import { style } from './report-style.ts'

/** What a browser may do with the page: apply this one style, and follow a link that somebody clicks. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${base64(sha256(new TextEncoder().encode(style)))}'; base-uri 'none'; form-action 'none'`

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** The totals. */
export function summaryOf(findings: readonly Finding[], report: Report | null): Summary {
  const count = (keys: readonly string[]): Record<string, number> => {
    // Names of licences are the packages' own words: none of them is to be a property that objects have.
    const counts = new Map<string, number>()
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
    return Object.fromEntries(counts)
  }
  return {
    packages: findings.length,
    kinds: count(findings.map(({ kind }) => kind)),
    licences: count(findings.map(licenceOf)),
    report,
  }
}

function licenceOf({ licence }: Finding): string {
  return licence || '(none found)'
}

/** The report for programs. */
export function reportJson(findings: readonly Finding[], date: string): string {
  const { length } = findings
  const report = {
    date,
    packages: length,
    flagged: findings.filter(flagged).length,
    // One order of keys, however a finding came here: whoever is told of it makes the same bytes.
    findings: sorted(findings).map(({ name, version, licence, kind, source, files, note }) => {
      return { name, version, licence, kind, source, files, note }
    }),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

/**
 * The report for people: one page that needs nothing else, and that runs and loads nothing.
 *
 * @param date null while the audit goes on
 */
export function reportHtml(findings: readonly Finding[], date: string | null): string {
  const all = sorted(findings)
  const toLookAt = kinds.flatMap((kind) => all.filter((one) => one.kind === kind && flagged(one)))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Licence audit: ${all.length} packages</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>Licence audit</h1>
<p>${all.length} packages, ${date === null ? 'and more to come: the audit goes on. They are read' : `read on ${escape(day(date))}`} by an actor that could read
this one directory and nothing else. Another, which could reach nothing at all, made this page of what it was told. Running
both again over their records gives this page again, byte for byte.</p>
</header>
<ul class="tiles">${kinds.map((kind) => tile(kind, all)).join('')}</ul>
<section>
<h2>To look at</h2>
${toLookAt.length === 0 ? '<p class="good">Nothing: every package has a permissive licence.</p>' : table(toLookAt, true)}
</section>
<section>
<h2>Licences</h2>
${bars(all)}
</section>
<section>
<h2>All packages</h2>
${table(all, false)}
</section>
<footer><a href="report.json">The same for programs</a></footer>
</main>
</body>
</html>
`
}

function day(date: string): string {
  return `${date.slice(0, 10)} at ${date.slice(11, 16)} UTC`
}

function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => compare(a.name, b.name) || compare(a.version, b.version))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const words: Readonly<Record<Kind, string>> = {
  none: 'no licence',
  'strong copyleft': 'strong copyleft',
  'weak copyleft': 'weak copyleft',
  unclear: 'unclear',
  permissive: 'permissive',
}

const places: Readonly<Record<Source, string>> = {
  declared: 'package.json',
  'legacy field': 'package.json (older field)',
  'named file': 'the file it names',
  'licence text': 'licence text',
  nowhere: 'it says nothing',
}

function tile(kind: Kind, all: readonly Finding[]): string {
  const count = all.filter((finding) => finding.kind === kind).length
  return `<li class="${count === 0 ? 'zero' : className(kind)}"><b>${count}</b> ${words[kind]}</li>`
}

function bars(all: readonly Finding[]): string {
  const counts = new Map<string, { kind: Kind; count: number }>()
  for (const one of all) {
    const { kind } = one
    const key = licenceOf(one)
    const known = counts.get(key)
    if (known === undefined) counts.set(key, { kind, count: 1 })
    else {
      known.count++
      // What is wrong with one package is not wrong with its licence.
      if (kinds.indexOf(kind) > kinds.indexOf(known.kind)) known.kind = kind
    }
  }
  const rows = [...counts].toSorted(([a, one], [b, other]) => other.count - one.count || compare(a, b))
  const most = rows[0]?.[1].count ?? 1
  const row = ([licence, { kind, count }]: (typeof rows)[number]): string =>
    `<tr><td>${escape(licence)}</td><td class="number">${count}</td>` +
    `<td class="bar"><svg class="${className(kind)}" aria-hidden="true"><rect width="${((count / most) * 100).toFixed(1)}%" height="100%" rx="2"/></svg></td></tr>`
  return `<table class="bars"><tbody>\n${rows.map(row).join('\n')}\n</tbody></table>`
}

function table(findings: readonly Finding[], withNotes: boolean): string {
  const row = ({ name, version, licence, kind, source, files, note }: Finding): string =>
    `<tr><td>${escape(name)} <small>${escape(version)}</small></td>` +
    `<td>${licence === '' ? '<em>none found</em>' : escape(licence)}</td>` +
    `<td><span class="${className(kind)}">${words[kind]}</span></td>` +
    `<td>${escape(withNotes ? note || [places[source], ...files].join(', ') : places[source])}</td></tr>`
  const last = withNotes ? 'Why' : 'Found in'
  return `<div class="scroll"><table><thead><tr><th>Package</th><th>Licence</th><th>Kind</th><th>${last}</th></tr></thead>
<tbody>
${findings.map(row).join('\n')}
</tbody></table></div>`
}

function className(kind: Kind): string {
  return kind.replace(' ', '-')
}

/** Every text in a package is somebody else's. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
