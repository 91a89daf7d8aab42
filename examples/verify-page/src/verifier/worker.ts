/**
 * The worker that verifies. All that a stranger's file makes happen happens in here, where it can be ended: the page
 * holds no byte of the file and runs none of its code.
 */
import { loadComponent, workerTranspiler } from '@theater/component/web'
import type { Component, Transpiler } from '@theater/component/web'
import { ChainError, decodeEvent, hex } from '@theater/event-chain'
import { blobSource, openCar } from '@theater/event-chain/car'
import type { CarChain, CarFile, CarSource } from '@theater/event-chain/car'
import { joinVerdicts, verify } from '@theater/replay'
import type { ChainSource, Verdict } from '@theater/replay'
import { formatCid, sha256 } from '@theater/values'
import type { Ask, GenesisFacts, Listed, Phase, Tell } from './protocol.ts'
import { allowOwnScripts } from './trusted.ts'
import { watched } from './watched.ts'

/** What is used of a worker's global scope; the types of a window are another. */
interface Scope {
  onmessage: ((event: { readonly data: Ask }) => void) | null
  postMessage(message: Tell): void
}

const scope = self as unknown as Scope
const say = (message: Tell): void => scope.postMessage(message)

/** Tells how far it is, a few times for a thousand events. */
function progress(phase: Phase, of: number): (done: number) => void {
  return (done) => say({ kind: 'progress', phase, done, of })
}

/** An open file, and what is made ready for its components. */
class Session {
  readonly #car: CarFile
  readonly #transpiler: Transpiler
  readonly #loading = new Map<string, Promise<Component>>()

  constructor(car: CarFile, transpiler: string) {
    this.#car = car
    this.#transpiler = workerTranspiler(() => new Worker(transpiler))
  }

  list(): Promise<Listed[]> {
    return Promise.all(this.#car.chains.map((chain) => this.#listed(chain)))
  }

  async verify(index: number): Promise<Verdict> {
    const found = this.#car.chains[index]
    if (found === undefined) throw new RangeError(`there is no chain ${index} in the file`)
    const { chain, label, root, result, size } = found
    if (!result.ok) {
      const { index: at, reason, message } = result
      return { verdict: 'broken', chain, actor: label, size, head: null, index: at, reason, message }
    }
    const passes = [progress('checking', size), progress('running', size)]
    const source: ChainSource = { store: watched(this.#car, passes), chain: result.chain }
    return verify(source, { load: (bytes) => this.#load(bytes), head: root ?? undefined })
  }

  async join(verdicts: readonly (Verdict | null)[]): Promise<Tell> {
    const given = verdicts.flatMap((verdict) => (verdict === null ? [] : [verdict]))
    const events = given.reduce((sum, { size }) => sum + size, 0)
    const store = watched(this.#car, [progress('joining', events)], 'sum')
    const sources = this.#car.chains.flatMap(({ result }, i): ChainSource[] =>
      result.ok && (verdicts[i] ?? null) !== null ? [{ store, chain: result.chain }] : [],
    )
    const report = await joinVerdicts(sources, given)
    const joined = [...report.verdicts]
    return {
      kind: 'joined',
      verdicts: verdicts.map((verdict) => (verdict === null ? null : (joined.shift() ?? null))),
      held: report.held,
      unchecked: report.unchecked.map(({ why }) => ({ why })),
    }
  }

  /** Every component once, whatever the number of its chains. */
  #load(bytes: Uint8Array): Promise<Component> {
    progress('loading', 0)(0)
    const key = hex(sha256(bytes))
    const loading = this.#loading.get(key) ?? loadComponent(bytes, { transpiler: this.#transpiler })
    this.#loading.set(key, loading)
    return loading
  }

  async #listed({ chain, label, result, size }: CarChain): Promise<Listed> {
    return {
      actor: label,
      size,
      intact: result.ok ? { chain: result.chain, head: result.head } : null,
      genesis: chain === null || size === 0 ? null : await this.#facts(chain),
    }
  }

  async #facts(chain: Uint8Array): Promise<GenesisFacts | null> {
    try {
      for await (const stored of this.#car.read(chain, 0, 1)) {
        const { content, kind } = await decodeEvent(stored, 0, { blobs: this.#car })
        if (kind !== 'genesis' || content === null) return null
        const { component, grants, time, theater } = content
        return { component: formatCid(component), grants, time, theater }
      }
    } catch (error) {
      if (!ChainError.is(error)) throw error
    }
    return null
  }
}

let session: Session | undefined

async function answer(ask: Ask): Promise<Tell> {
  if (ask.kind === 'open') {
    const car = await openCar(counted(ask.file))
    session = new Session(car, ask.transpiler)
    return { kind: 'opened', chains: await session.list() }
  }
  if (session === undefined) throw new TypeError('no file is open')
  return ask.kind === 'verify'
    ? { kind: 'verdict', verdict: await session.verify(ask.index) }
    : session.join(ask.verdicts)
}

/** The file, telling how much of it was read. */
function counted(file: Blob): CarSource {
  const source = blobSource(file)
  const tell = progress('reading', file.size)
  let told = 0
  return {
    size: source.size,
    read(offset, length) {
      if (offset > told + file.size / 100) tell((told = offset))
      return source.read(offset, length)
    },
  }
}

function refusal(error: unknown): Tell {
  if (ChainError.is(error)) return { kind: 'refused', message: error.message }
  return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
}

allowOwnScripts()
scope.onmessage = ({ data }) => {
  answer(data).then(say, (error: unknown) => say(refusal(error)))
}
