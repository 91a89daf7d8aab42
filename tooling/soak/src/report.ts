import type { Sample } from './worker.ts'

/** A scenario and what was seen of it. */
export interface Soaked {
  readonly name: string
  readonly engine: string
  readonly mode: string
  readonly samples: readonly Sample[]
}

const LINES = [
  { key: 'rss', label: 'resident', colour: '#8a8f98' },
  { key: 'guest', label: 'guest', colour: '#c2410c' },
  { key: 'heap', label: 'JavaScript heap', colour: '#1d4ed8' },
] as const

const WIDTH = 360
const HEIGHT = 180
const LEFT = 44
const TOP = 30
const GAP = 22
const COLUMNS = 2

/** A chart for each scenario: megabytes over calls. */
export function chart(soaked: readonly Soaked[]): string {
  const rows = Math.ceil(soaked.length / COLUMNS)
  const width = COLUMNS * (WIDTH + GAP) + GAP
  const height = rows * (HEIGHT + GAP) + GAP + 24
  const panels = soaked.map((one, i) => {
    const x = GAP + (i % COLUMNS) * (WIDTH + GAP)
    const y = GAP + Math.floor(i / COLUMNS) * (HEIGHT + GAP)
    return `<g transform="translate(${x} ${y})">${panel(one)}</g>`
  })
  const legend = LINES.map(
    ({ label, colour }, i) =>
      `<g transform="translate(${GAP + i * 150} ${height - 16})"><rect width="14" height="4" y="-4" fill="${colour}"/><text x="20">${label}, MB</text></g>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#333">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels,
    ...legend,
    '</svg>\n',
  ].join('\n')
}

function panel({ name, engine, mode, samples }: Soaked): string {
  const most = Math.max(1, ...samples.map(({ calls }) => calls))
  const top = scale(Math.max(1, ...samples.flatMap(({ rss, guest, heap }) => [rss, guest, heap])))
  const x = (calls: number): string => (LEFT + (calls / most) * (WIDTH - LEFT)).toFixed(1)
  const y = (mb: number): string => (HEIGHT - (mb / top) * (HEIGHT - TOP)).toFixed(1)
  const lines = LINES.map(({ key, colour }) => {
    const points = samples.map((sample) => `${x(sample.calls)},${y(sample[key])}`).join(' ')
    return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="1.5"/>`
  })
  const marks = [0, top / 2, top].map(
    (mb) =>
      `<line x1="${LEFT}" x2="${WIDTH}" y1="${y(mb)}" y2="${y(mb)}" stroke="#e5e7eb"/><text x="${LEFT - 6}" y="${y(mb)}" dy="4" text-anchor="end">${mb}</text>`,
  )
  return [
    `<text y="12" font-weight="600">${name}</text>`,
    `<text x="${WIDTH}" y="12" text-anchor="end" fill="#666">${engine}, ${mode}; ${most.toLocaleString('en')} calls</text>`,
    ...marks,
    ...lines,
  ].join('')
}

/** A round number that is no less. */
function scale(mb: number): number {
  const unit = 10 ** Math.floor(Math.log10(mb))
  return unit * ([1, 2, 4, 6, 8, 10].find((n) => n * unit >= mb) ?? 10)
}

const BEGIN = '<!-- figures: written by pnpm soak --write docs -->'
const END = '<!-- end of figures -->'

/**
 * A page with its figures replaced; everything outside the two marks stays.
 *
 * @throws Error where the page has no marks
 */
export function page(before: string, soaked: readonly Soaked[]): string {
  const from = before.indexOf(BEGIN)
  const to = before.indexOf(END)
  if (from < 0 || to < from) throw new Error(`the page has no "${BEGIN}" … "${END}"`)
  return `${before.slice(0, from)}${BEGIN}\n\n${table(soaked)}\n${before.slice(to)}`
}

function table(soaked: readonly Soaked[]): string {
  const head = [
    '| | calls | guest: begin, half, end | heap: begin, half, end | resident: begin, half, end |',
    '| --- | --: | --- | --- | --- |',
  ]
  const rows = soaked.map(({ name, engine, mode, samples }) => {
    const first = samples[1] ?? samples[0]
    const half = samples[samples.length >> 1]
    const last = samples.at(-1)
    if (first === undefined || half === undefined || last === undefined) return `| ${name} | 0 | | | |`
    const cell = (key: 'guest' | 'heap' | 'rss'): string =>
      [first, half, last].map((sample) => sample[key].toFixed(1)).join(', ')
    return `| ${name}; ${engine}, ${mode} | ${last.calls.toLocaleString('en')} | ${cell('guest')} | ${cell('heap')} | ${cell('rss')} |`
  })
  return [...head, ...rows, ''].join('\n')
}
