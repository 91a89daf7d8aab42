/** One chain on the page. */
import type { Diverged, Verdict } from '@theater/replay'
import type { Listed, Phase } from '../verifier/protocol.ts'
import { el, shown } from './element.ts'
import { hex } from './hex.ts'
import { jsonLines } from './json.ts'
import type { Outcome } from './session.ts'
import { counted, meaning, place, reason } from './words.ts'

/** How a verdict looks; never by its colour alone. */
export type Look = 'good' | 'bad' | 'unsure'

const looks: Readonly<Record<Verdict['verdict'], { readonly look: Look; readonly sign: string }>> = {
  verified: { look: 'good', sign: '✓' },
  diverged: { look: 'bad', sign: '✕' },
  broken: { look: 'bad', sign: '✕' },
  inconclusive: { look: 'unsure', sign: '?' },
}

const phases: Readonly<Record<Phase, string>> = {
  reading: 'reading the file',
  checking: 'checking the links',
  loading: 'getting its component ready',
  running: 'running it again',
  joining: 'following the messages',
}

/** The look of a verdict. */
export function lookOf(verdict: Verdict): Look {
  return looks[verdict.verdict].look
}

/** A card for one chain, which says what is known of it. */
export class ChainCard {
  readonly element = el('li', 'chain')
  readonly #listed: Listed

  constructor(listed: Listed) {
    this.#listed = listed
    this.show({ state: 'waiting' })
  }

  show(outcome: Outcome): void {
    this.element.className = 'chain'
    switch (outcome.state) {
      case 'waiting':
        return this.#fill('waiting', [])
      case 'working': {
        const { phase, done, of } = outcome
        const how =
          of > 0 && done > 0
            ? `${phases[phase]}, ${Math.min(100, Math.floor((done / of) * 100))} %`
            : phases[phase]
        return this.#fill(how, [])
      }
      case 'stopped':
        return this.#fill('no verdict', [
          el('p', 'soft', 'Stopped before there was one. This says nothing about the record.'),
        ])
      case 'failed': {
        this.element.classList.add('unsure')
        const says = `The verifier itself failed: ${shown(outcome.message)}. This says nothing about the record.`
        return this.#fill('no verdict', [el('p', 'soft', says)])
      }
      case 'judged':
        return this.#judged(outcome.verdict)
    }
  }

  #judged(verdict: Verdict): void {
    const { look, sign } = looks[verdict.verdict]
    this.element.classList.add(look)
    const where = place(verdict)
    const why = reason(verdict)
    this.#fill(
      `${sign} ${verdict.verdict}${where === '' ? '' : ` ${where}`}`,
      [
        why === '' ? null : el('p', '', `${shown(`${why.slice(0, 1).toUpperCase()}${why.slice(1)}`)}.`),
        verdict.verdict === 'diverged' ? sides(verdict) : null,
        verdict.verdict === 'verified' && verdict.undone > 0
          ? el(
              'p',
              'soft',
              `${counted(verdict.undone, 'turn')} ended in a trap or an abort, and was left out from there on, as the record says.`,
            )
          : null,
        el('p', 'soft', meaning[verdict.verdict]),
        this.#about(verdict),
      ],
      countsOf(verdict),
    )
  }

  #fill(says: string, more: readonly (HTMLElement | null)[], counts?: string): void {
    const { actor, size } = this.#listed
    const name =
      actor === null
        ? el('h3', 'nameless', 'an actor without a readable name')
        : el('h3', '', shown(actor, 120))
    const head = el('div', 'head', [
      name,
      el('span', 'verdict', says),
      el('span', 'counts', counts ?? counted(size, 'event')),
    ])
    const open = this.element.querySelector('details')?.open === true
    this.element.replaceChildren(head, ...more.filter((part) => part !== null))
    const details = this.element.querySelector('details')
    if (details !== null) details.open = open
  }

  #about(verdict: Verdict): HTMLElement | null {
    const { genesis } = this.#listed
    const facts: (readonly [string, string | HTMLElement])[] = []
    if (verdict.chain !== null) facts.push(['Chain', el('span', 'hash', hex(verdict.chain))])
    if (verdict.head !== null) facts.push(['Last event', el('span', 'hash', hex(verdict.head))])
    if (genesis !== null) {
      facts.push(['Component', el('span', 'hash', shown(genesis.component))])
      facts.push(['Started', started(genesis.time)], ['Recorded by', `Theater ${shown(genesis.theater, 60)}`])
      facts.push(['Granted', el('pre', '', jsonLines(genesis.grants))])
    }
    if (facts.length === 0) return null
    const list = el(
      'dl',
      '',
      facts.flatMap(([what, is]) => [el('dt', '', what), el('dd', '', is)]),
    )
    return el('details', '', [el('summary', '', 'What the record says of itself'), list])
  }
}

function countsOf(verdict: Verdict): string {
  const events = counted(verdict.size, 'event')
  if (verdict.verdict === 'verified') return `${events} · ${counted(verdict.turns + verdict.undone, 'turn')}`
  return verdict.verdict === 'broken' ? `${events} before it are intact` : events
}

/** Both sides, with the lines marked in which they differ. */
function sides({ expected, actual }: Diverged): HTMLElement {
  const [record, component] = [expected, actual].map((value) => jsonLines(value).split('\n'))
  const side = (
    title: string,
    value: unknown,
    own: readonly string[] = [],
    other: readonly string[] = [],
  ) => {
    const lines = own.flatMap((line, i) => {
      const shown = other.includes(line) ? line : el('mark', '', line)
      return i === 0 ? [shown] : ['\n', shown]
    })
    return el('div', '', [el('h4', '', title), el('pre', '', value === null ? 'nothing more' : lines)])
  }
  return el('div', 'sides', [
    side('The record says', expected, record, component),
    side('The component did', actual, component, record),
  ])
}

function started(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime())
    ? String(ms)
    : time
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC')
}
