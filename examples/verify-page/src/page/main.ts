/** The page: takes a file, has it verified, and says what was found. */
import type { Listed } from '../verifier/protocol.ts'
import { ChainCard, lookOf } from './chain-card.ts'
import type { Look } from './chain-card.ts'
import { byId, el, shown } from './element.ts'
import { scripts } from './scripts.ts'
import { Session } from './session.ts'
import type { End, Listener, Outcome, Together } from './session.ts'
import { counted, size } from './words.ts'

const form = byId('form', HTMLFormElement)
const drop = byId('drop', HTMLDivElement)
const input = byId('file', HTMLInputElement)
const limit = byId('limit', HTMLSelectElement)
const work = byId('work', HTMLElement)
const name = byId('name', HTMLParagraphElement)
const stop = byId('stop', HTMLButtonElement)
const bar = byId('progress', HTMLProgressElement)
const status = byId('status', HTMLParagraphElement)
const list = byId('chains', HTMLOListElement)
const together = byId('together', HTMLParagraphElement)

/** One file on the page. */
class View implements Listener {
  #cards: ChainCard[] = []
  #listed: readonly Listed[] = []
  #outcomes: Outcome[] = []
  #saying = ''

  constructor(file: File) {
    work.hidden = false
    form.classList.add('busy')
    stop.hidden = bar.hidden = false
    bar.removeAttribute('value')
    name.replaceChildren(shown(file.name, 200), el('span', '', ` ${size(file.size)}`))
    list.replaceChildren()
    together.replaceChildren()
    this.say('Reading the file and checking every block…')
  }

  opening(done: number, of: number): void {
    bar.value = of === 0 ? 1 : (done / of) * 0.2
  }

  opened(chains: readonly Listed[]): void {
    this.#listed = chains
    this.#outcomes = chains.map(() => ({ state: 'waiting' }))
    this.#cards = chains.map((chain) => new ChainCard(chain))
    list.replaceChildren(...this.#cards.map(({ element }) => element))
  }

  outcome(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome
    this.#cards[index]?.show(outcome)
    const chains = this.#listed.length
    const { actor } = this.#listed[index] ?? { actor: null }
    if (outcome.state === 'working') {
      const { phase, done, of } = outcome
      const part = of === 0 ? 0 : Math.min(1, done / of)
      bar.value = 0.2 + (0.75 * (index + (phase === 'checking' ? part * 0.1 : 0.15 + part * 0.85))) / chains
      this.say(`Running ${shown(actor ?? 'an actor', 120)} again, ${index + 1} of ${chains}…`)
    }
  }

  joining(): void {
    bar.value = 0.96
    this.say('Following the messages between them…')
  }

  joined({ held, notGiven, withheld }: Together): void {
    const said: string[] = []
    if (held > 0)
      said.push(`${counted(held, 'message')} between these actors: each arrived once, as it was sent.`)
    if (notGiven > 0) {
      said.push(
        `${counted(notGiven, 'message')} came from actors whose records are not in this file, or are broken: not checked.`,
      )
    }
    if (withheld > 0)
      said.push(`${counted(withheld, 'message')} could not be compared: what they carried was left out.`)
    together.replaceChildren(said.join(' '))
  }

  end(end: End): void {
    stop.hidden = bar.hidden = true
    form.classList.remove('busy')
    switch (end.end) {
      case 'done':
        return this.#sum()
      case 'stopped':
        this.#outcomes.forEach((outcome, i) => {
          if (outcome.state === 'waiting' || outcome.state === 'working')
            this.#cards[i]?.show({ state: 'stopped' })
        })
        return this.say('Stopped.', 'What was not finished has no verdict.', 'unsure')
      case 'refused':
        return this.say('This is no record that can be read.', `${sentence(end.message)}`, 'bad')
      case 'failed':
        return this.say(
          'The verifier itself failed.',
          `${sentence(end.message)} This says nothing about the record.`,
          'unsure',
        )
    }
  }

  /** What all verdicts come to: the worst of them. */
  #sum(): void {
    const verdicts = this.#outcomes.flatMap((outcome) =>
      outcome.state === 'judged' ? [outcome.verdict] : [],
    )
    const all = this.#outcomes.length
    const of = (look: Look): number => verdicts.filter((verdict) => lookOf(verdict) === look).length
    if (all === 0) return this.say('There is no record in this file.', '', 'unsure')
    const bad = of('bad')
    if (bad > 0) {
      const what = all === 1 ? 'the record' : `${bad} of ${all} records`
      return this.say('Do not believe it:', `${what} ${bad === 1 ? 'does' : 'do'} not hold.`, 'bad')
    }
    if (of('good') === all) {
      const what = all === 1 ? 'the actor' : all === 2 ? 'both actors' : `all ${all} actors`
      return this.say('Verified:', `${what} did exactly what the record says.`, 'good')
    }
    const open = all - of('good')
    this.say(
      'Not proven:',
      all === 1 ? 'there is no answer here.' : `for ${open} of ${all} records there is no answer here.`,
      'unsure',
    )
  }

  /** Says where it is; only what is new, because it is read out. */
  say(what: string, more = '', look: Look | '' = ''): void {
    const saying = `${what} ${more}`
    if (saying === this.#saying) return
    this.#saying = saying
    status.className = look
    status.replaceChildren(look === '' ? what : el('b', '', what), more === '' ? '' : ` ${more}`)
  }
}

function sentence(message: string): string {
  const text = shown(message)
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
}

let current: { readonly session: Session; readonly over: Promise<void> } | undefined

async function verifyFile(file: File): Promise<void> {
  current?.session.stop()
  await current?.over
  const view = new View(file)
  const { verifier, transpiler } = await scripts()
  const session = new Session({
    file,
    transpiler,
    limitMs: limit.value === '' ? null : Number(limit.value) * 1000,
    start: verifier,
    listener: view,
  })
  const over = session.run().then(
    (end) => view.end(end),
    (error: unknown) => view.end({ end: 'failed', message: String(error) }),
  )
  current = { session, over }
  await over
}

input.addEventListener('change', () => {
  const [file] = input.files ?? []
  // The same file can be chosen again.
  input.value = ''
  if (file !== undefined) void verifyFile(file)
})
stop.addEventListener('click', () => current?.session.stop())
form.addEventListener('submit', (event) => event.preventDefault())

// A file that misses the zone must not replace the page.
for (const kind of ['dragover', 'dragleave', 'drop'] as const) {
  document.addEventListener(kind, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', kind === 'dragover')
    if (kind !== 'drop') return
    const [file] = event.dataTransfer?.files ?? []
    if (file !== undefined) void verifyFile(file)
  })
}
