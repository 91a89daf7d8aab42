import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { checkTypes } from '@theater/actor/build'
import type { Diagnostic, TypeCheck } from '@theater/actor/build'
import { printable } from '@theater/handler-log'
import type { Theater } from '@theater/runtime'
import type { Json } from '@theater/values'
import { idOf } from '../actor-id.ts'
import { castingOf } from '../casting.ts'
import type { Casting, CastingFlags } from '../casting.ts'
import { contributedBy } from '../contributed.ts'
import { Builder } from '../dev/builder.ts'
import { Feed } from '../dev/feed.ts'
import { Live } from '../dev/live.ts'
import type { Became } from '../dev/live.ts'
import { Prompt, say } from '../dev/prompt.ts'
import { Watcher } from '../dev/watcher.ts'
import { CliError, failureOf } from '../errors.ts'
import { exits, interrupted } from '../exits.ts'
import { Host } from '../host.ts'
import { Interrupt } from '../interrupt.ts'
import { DeadLetters, logTo } from '../logs.ts'
import type { Output } from '../output.ts'
import { noteRecovery } from '../run-manifest.ts'

/** Options of `theater dev`. */
export interface DevOptions extends CastingFlags {
  readonly data: string
  readonly fresh: boolean
}

/** `theater dev`: an actor in TypeScript that is built again and replaced whenever its sources are saved. */
export async function dev(source: string, options: DevOptions, output: Output): Promise<number> {
  if (!existsSync(source)) throw new CliError('usage', `there is no file ${source}`)
  const others = await contributedBy(options.handler)
  const cast = await castingOf(idOf(source), options, others)
  // Whoever develops an actor wants to see its log, where nobody says anything.
  const quiet = options.manifest === undefined && options.grant.length === 0
  const casting = quiet ? { ...cast, grants: { log: {} } } : cast
  const letters = new DeadLetters(output)
  await using host = await Host.open({
    data: options.data,
    fresh: options.fresh,
    others,
    log: logTo(output),
    deadLetter: letters.take,
  })
  using interrupt = new Interrupt(output)
  const theater = await host.start(output)
  for (const info of theater.actors()) noteRecovery(info, output)
  using session = new Session(source, casting, { host, theater, output })
  const ended = await session.run(interrupt.happened)
  return ended === 'interrupted' ? interrupted : exits.done
}

interface Around {
  readonly host: Host
  readonly theater: Theater
  readonly output: Output
}

class Session implements Disposable {
  readonly #source: string
  readonly #casting: Casting
  readonly #around: Around
  readonly #builder = new Builder()
  readonly #watcher: Watcher
  readonly #feed: Feed
  readonly #live: Live
  #builds: Promise<string | undefined> | undefined
  #changed = Promise.withResolvers<void>()
  /** What is done to the actor is done one after the other: a message does not come between two components. */
  #work: Promise<void> = Promise.resolve()
  /** The component that runs. */
  #running: string | undefined
  #over = false

  constructor(source: string, casting: Casting, around: Around) {
    this.#source = source
    this.#casting = casting
    this.#around = around
    this.#watcher = new Watcher(() => this.#changed.resolve())
    this.#feed = new Feed(around.host.store, casting.id, around.output)
    this.#live = new Live(around.host, around.theater, casting)
  }

  /** Until somebody ends it. */
  async run(interruption: Promise<void>): Promise<'interrupted' | 'ended'> {
    const { output } = this.#around
    this.#watcher.follow([this.#source])
    const first = this.#cycle()
    // Lines wait for the first component.
    using prompt = new Prompt((line) => void first.then(() => this.#queue(() => this.#say(line))))
    const over = Promise.race([
      interruption.then(() => 'interrupted' as const),
      prompt.ended.then(() => 'ended' as const),
    ])
    if ((await Promise.race([over, first])) === undefined && output.watched)
      output.note(
        output.styleNote('dim', 'save to build again; type NAME or NAME JSON to call it; Ctrl-C ends'),
      )
    for (;;) {
      const end = await Promise.race([over, this.#changed.promise.then(() => undefined)])
      if (end !== undefined) {
        this.#over = true
        return end
      }
      await Promise.race([over, this.#cycle()])
    }
  }

  /** Builds, and runs what was built. What is wrong is shown, and what runs goes on. */
  async #cycle(): Promise<void> {
    const { host, output } = this.#around
    this.#changed = Promise.withResolvers<void>()
    const started = performance.now()
    const watch = setInterval(() => output.status(`building ${this.#source}`), 250)
    output.status(`building ${this.#source}`)
    const checking = checkTypes(this.#source).catch((error: unknown) => error)
    try {
      const cache = await (this.#builds ??= host.builds())
      const delivery = await this.#builder.build({
        entry: this.#source,
        ...(cache !== undefined && { cache }),
      })
      this.#watcher.follow([this.#source, ...delivery.inputs])
      if (this.#over) return
      if ('refused' in delivery) {
        await this.#refused(delivery.refused)
        return
      }
      const { bytes, digest, map, cached } = delivery.built
      const built = performance.now()
      if (digest === this.#running) {
        await this.#tell('unchanged', digest, { build: built - started, start: 0 })
        return
      }
      host.maps.keep(map, digest, dirname(resolve('actor.wasm')))
      await this.#queue(async () => {
        const became = await this.#live.put(bytes)
        this.#running = digest
        await this.#tell(became, digest, { build: built - started, start: performance.now() - built, cached })
        await this.#follow(became)
      })
    } catch (error) {
      await this.#failed(error)
    } finally {
      clearInterval(watch)
      output.endStatus()
      await this.#types(await checking)
    }
  }

  async #follow(became: Became): Promise<void> {
    const chain = await this.#live.chain()
    if (chain !== undefined) await this.#feed.follow(chain, became === 'back' ? chain.size : 0)
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }

  async #say(line: string): Promise<void> {
    try {
      if (!this.#live.alive) throw new CliError('usage', `${this.#casting.id} does not run yet`)
      const print = await say(line, this.#casting.id, this.#around)
      await this.#feed.show()
      await print()
    } catch (error) {
      await this.#failed(error)
    }
  }

  async #tell(
    became: Became | 'unchanged',
    component: string,
    took: { readonly build: number; readonly start: number; readonly cached?: boolean },
  ): Promise<void> {
    const { output } = this.#around
    const { id } = this.#casting
    const seconds = { build: round(took.build), start: round(took.start) }
    const json = { kind: 'ready', actor: id, component, became, cached: took.cached ?? true, seconds }
    const parts = took.start === 0 ? '' : ` (build ${seconds.build} s, start ${seconds.start} s)`
    const how = `${says[became]} in ${round(took.build + took.start)} s${parts}`
    output.endStatus()
    await output.result(
      json,
      () =>
        `${output.style('bold', id)} ${output.style('green', how)}  ${output.style('dim', component.slice(0, 19))}`,
    )
  }

  /** Type errors do not stop what runs: they are shown after it. */
  async #types(checked: unknown): Promise<void> {
    if (checked instanceof Error) {
      await this.#failed(checked)
      return
    }
    const { typescript, diagnostics } = checked as TypeCheck
    if (typescript === null || diagnostics.length === 0 || this.#over) return
    const { BuildError } = await import('@theater/actor/build')
    await this.#failed(new BuildError('types', diagnostics))
  }

  async #refused(refused: {
    readonly code: string
    readonly message: string
    readonly diagnostics: readonly Diagnostic[]
  }): Promise<void> {
    const { BuildError } = await import('@theater/actor/build')
    await this.#failed(
      new BuildError(codeOf(refused.code), refused.message, { diagnostics: refused.diagnostics }),
    )
  }

  /** Says what is wrong, and that the actor goes on where it does. */
  async #failed(error: unknown): Promise<void> {
    const { output } = this.#around
    const { code, message, data } = await failureOf(error)
    const runs = this.#live.alive
    output.endStatus()
    const json: Json = {
      kind: 'refused',
      code,
      message,
      diagnostics: data?.['diagnostics'] ?? [],
      running: runs,
    }
    if (output.json) await output.result(json, () => '')
    const [first = '', ...rest] = message.split('\n').map(printable)
    output.note(`${output.styleNote(['red', 'bold'], `${code}:`)} ${first}`)
    for (const line of rest) output.note(`  ${line}`)
  }

  [Symbol.dispose](): void {
    this.#watcher[Symbol.dispose]()
    this.#feed[Symbol.dispose]()
    this.#builder[Symbol.dispose]()
    void this.#live[Symbol.asyncDispose]()
  }
}

const says: Readonly<Record<Became | 'unchanged', string>> = {
  made: 'made',
  back: 'is back',
  replaced: 'replaced, with its state,',
  restarted: 'replaced, without its state,',
  unchanged: 'unchanged: checked',
}

function round(ms: number): number {
  return Math.round(ms / 100) / 10
}

function codeOf(code: string): 'entry' | 'bundle' | 'types' | 'load' | 'engine' {
  return code === 'entry' || code === 'bundle' || code === 'types' || code === 'load' ? code : 'engine'
}
