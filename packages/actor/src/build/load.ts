import { globalsOf, resumed, withGlobalsExported } from './engine-module.ts'
import { LoadHost, type LoadInputs } from './load-host.ts'

/** An engine that has loaded the modules of an actor. */
export interface Loaded {
  /** The module, as it goes on from there. */
  readonly module: Uint8Array
  /** The time that it saw last, in nanoseconds. */
  readonly now: bigint
}

/** What the engine exports for this moment only. */
const usedUp = ['_initialize', 'componentize.wizer']

interface EngineExports {
  readonly memory: WebAssembly.Memory
  _initialize(): void
  'componentize.wizer'(): void
  /** 0, or what is wrong with what the actor exports. */
  check_init(): number
}

/**
 * Lets an engine load the modules of an actor, and takes its memory as it then is: what the program wizer does, but that
 * the same inputs give the same bytes. Throws an `Error` with what the engine said.
 */
export async function load(engine: Uint8Array<ArrayBuffer>, inputs: LoadInputs): Promise<Loaded> {
  const module = await WebAssembly.compile(withGlobalsExported(engine) as Uint8Array<ArrayBuffer>)
  const host = new LoadHost(inputs)
  const instance = await WebAssembly.instantiate(module, host.imports(module))
  const exports = instance.exports as unknown as EngineExports
  host.bind(exports.memory)
  try {
    exports._initialize()
    exports['componentize.wizer']()
  } catch (cause) {
    throw new Error(host.output === '' ? String(cause) : host.output, { cause })
  }
  const ran = { memory: new Uint8Array(exports.memory.buffer), globals: globalsOf(instance.exports) }
  const { now } = host
  const loaded = resumed(engine, ran, usedUp)
  const said = host.output.length
  if (exports.check_init() !== 0)
    throw new Error(host.output.slice(said) || 'the engine did not load the actor')
  return { module: loaded, now }
}
