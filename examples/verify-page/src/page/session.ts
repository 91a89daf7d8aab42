/** One verification of one file, in a worker that is ended when it takes too long. */
import type { Verdict } from '@theater/replay'
import type { Ask, Listed, Phase, Tell } from '../verifier/protocol.ts'

/** What is known of a chain. `null` for a verdict: it was not reached. */
export type Outcome =
  | { readonly state: 'waiting' }
  | { readonly state: 'working'; readonly phase: Phase; readonly done: number; readonly of: number }
  | { readonly state: 'judged'; readonly verdict: Verdict }
  /** The page was told to stop before there was a verdict. */
  | { readonly state: 'stopped' }
  /** The verifier failed. Not a word about the record. */
  | { readonly state: 'failed'; readonly message: string }

/** How the chains of a file hang together. */
export interface Together {
  readonly held: number
  readonly notGiven: number
  readonly withheld: number
}

/** What happens, in the order in which it does. */
export interface Listener {
  opening(done: number, of: number): void
  opened(chains: readonly Listed[]): void
  outcome(index: number, outcome: Outcome): void
  joining(): void
  joined(together: Together): void
}

/** How a verification ended. */
export type End =
  | { readonly end: 'done' }
  | { readonly end: 'stopped' }
  | { readonly end: 'refused' | 'failed'; readonly message: string }

/** A verifier that runs somewhere else, and can be ended. */
export interface Remote {
  onmessage: ((event: { readonly data: Tell }) => void) | null
  onerror: ((event: { readonly message?: string; preventDefault?: () => void }) => void) | null
  postMessage(message: Ask): void
  terminate(): void
}

/** What a session is made of. */
export interface SessionParts {
  readonly file: Blob
  /** The URL of the script that runs jco. */
  readonly transpiler: string
  /** How long one chain may take, in milliseconds; null for as long as it likes. */
  readonly limitMs: number | null
  readonly start: () => Remote
  readonly listener: Listener
}

type Answer = Exclude<Tell, { kind: 'progress' }> | { readonly kind: 'stopped' | 'late' }

/** Verifies all chains of a file, one after the other. One that does not end does not keep the others from a verdict. */
export class Session {
  readonly #parts: SessionParts
  #remote: Remote | undefined
  #stopped = false
  /** Ends the wait for an answer, if there is one. */
  #interrupt: ((answer: Answer) => void) | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  /** Ends the worker, whatever it is doing. */
  stop(): void {
    this.#stopped = true
    this.#interrupt?.({ kind: 'stopped' })
    this.#end()
  }

  async run(): Promise<End> {
    const { listener } = this.#parts
    try {
      const opened = await this.#open((done, of) => listener.opening(done, of))
      if (opened.kind !== 'opened') return ended(opened)
      const { chains } = opened
      listener.opened(chains)
      const outcomes: Outcome[] = []
      for (const [i, chain] of chains.entries()) {
        const outcome = await this.#verify(i, chain)
        outcomes.push(outcome)
        listener.outcome(i, outcome)
      }
      return this.#stopped ? { end: 'stopped' } : await this.#join(outcomes)
    } finally {
      this.#end()
    }
  }

  async #open(progress?: (done: number, of: number) => void): Promise<Answer> {
    const { file, transpiler } = this.#parts
    return this.#ask({ kind: 'open', file, transpiler }, null, ({ done, of }) => progress?.(done, of))
  }

  async #verify(index: number, chain: Listed): Promise<Outcome> {
    const { listener, limitMs } = this.#parts
    if (this.#stopped) return { state: 'stopped' }
    listener.outcome(index, { state: 'working', phase: 'checking', done: 0, of: chain.size })
    if (this.#remote === undefined) {
      const again = await this.#open()
      if (again.kind !== 'opened') return outcomeOf(again, chain, limitMs)
    }
    const answer = await this.#ask({ kind: 'verify', index }, limitMs, ({ phase, done, of }) =>
      listener.outcome(index, { state: 'working', phase, done, of }),
    )
    return outcomeOf(answer, chain, limitMs)
  }

  async #join(outcomes: readonly Outcome[]): Promise<End> {
    const { listener, limitMs } = this.#parts
    listener.joining()
    if (this.#remote === undefined) {
      const again = await this.#open()
      if (again.kind !== 'opened') return ended(again)
    }
    const verdicts = outcomes.map((outcome) => (outcome.state === 'judged' ? outcome.verdict : null))
    const answer = await this.#ask({ kind: 'join', verdicts }, limitMs, () => {})
    if (answer.kind !== 'joined') return ended(answer)
    for (const [i, verdict] of answer.verdicts.entries()) {
      if (verdict !== null) listener.outcome(i, { state: 'judged', verdict })
    }
    const { held, unchecked } = answer
    const notGiven = unchecked.filter(({ why }) => why === 'not-given').length
    listener.joined({ held, notGiven, withheld: unchecked.length - notGiven })
    return { end: 'done' }
  }

  /** Asks the worker, and ends it if it fails or takes too long. */
  async #ask(
    ask: Ask,
    limitMs: number | null,
    progress: (tell: Extract<Tell, { kind: 'progress' }>) => void,
  ): Promise<Answer> {
    const remote = (this.#remote ??= this.#parts.start())
    let timer: ReturnType<typeof setTimeout> | undefined
    const answer = await new Promise<Answer>((resolve) => {
      this.#interrupt = resolve
      remote.onmessage = ({ data }) => (data.kind === 'progress' ? progress(data) : resolve(data))
      remote.onerror = (event) => {
        event.preventDefault?.()
        resolve({ kind: 'failed', message: event.message ?? 'its worker ended' })
      }
      if (limitMs !== null) timer = setTimeout(() => resolve({ kind: 'late' }), limitMs)
      remote.postMessage(ask)
    })
    clearTimeout(timer)
    this.#interrupt = undefined
    remote.onmessage = remote.onerror = null
    if (answer.kind === 'failed' || answer.kind === 'late') this.#end()
    return answer
  }

  #end(): void {
    this.#remote?.terminate()
    this.#remote = undefined
  }
}

function ended(answer: Answer): End {
  switch (answer.kind) {
    case 'stopped':
      return { end: 'stopped' }
    case 'refused':
    case 'failed':
      return { end: answer.kind, message: answer.message }
    case 'late':
      return { end: 'failed', message: 'holding the chains together took longer than the time limit' }
    case 'opened':
    case 'verdict':
    case 'joined':
      return { end: 'failed', message: 'the worker answered something else' }
  }
}

function outcomeOf(answer: Answer, { actor, size, intact }: Listed, limitMs: number | null): Outcome {
  switch (answer.kind) {
    case 'verdict':
      return { state: 'judged', verdict: answer.verdict }
    case 'late': {
      const message = `running it again did not end within ${(limitMs ?? 0) / 1000} seconds, so it was ended`
      const { chain = null, head = null } = intact ?? {}
      const subject = { chain, actor, size, head }
      const code = 'limits-above-mine'
      return { state: 'judged', verdict: { ...subject, verdict: 'inconclusive', code, index: 0, message } }
    }
    case 'stopped':
      return { state: 'stopped' }
    case 'refused':
    case 'failed':
      return { state: 'failed', message: answer.message }
    case 'opened':
    case 'joined':
      return { state: 'failed', message: 'the worker answered something else' }
  }
}
