import { type Finding, flagged, type Kind, kinds, type Source } from './finding.ts'
import { style } from './report-style.ts'

/** The report for programs. */
export function reportJson(findings: readonly Finding[], date: string): string {
  const { length } = findings
  const report = {
    date,
    packages: length,
    flagged: findings.filter(flagged).length,
    findings: sorted(findings),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

/** The report for people: one page that needs nothing else, and that runs and loads nothing. */
export function reportHtml(findings: readonly Finding[], date: string): string {
  const all = sorted(findings)
  const toLookAt = kinds.flatMap((kind) => all.filter((one) => one.kind === kind && flagged(one)))
  const day = `${date.slice(0, 10)} at ${date.slice(11, 16)} UTC`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Licence audit: ${all.length} packages</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>Licence audit</h1>
<p>${all.length} packages, read on ${escape(day)} by an actor that could read this one directory and nothing else. It wrote
this page; running it again over its record gives this page again, byte for byte.</p>
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
</main>
</body>
</html>
`
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
  for (const { licence, kind } of all) {
    const key = licence || '(none found)'
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
    `<td class="bar"><i class="${className(kind)}" style="width:${((count / most) * 100).toFixed(1)}%"></i></td></tr>`
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
