import assert from 'node:assert/strict'
import { WitError } from '@theater/handler'
import type { AnyHandler, Ask, Binding, HandlerFunction } from '@theater/handler'
import { camelCase } from '@theater/values'
import type { Json } from '@theater/values'
import { fakeActor } from './fake-actor.ts'
import type { SampleCall, World, WorldActor } from './subject.ts'

/**
 * How a call ended. `err` is the interface's own error; anything else that is thrown is a fault. `skipped`: a method
 * whose object no earlier call made.
 */
export type Outcome =
  | { readonly tag: 'answered'; readonly value: unknown }
  | { readonly tag: 'err'; readonly payload: unknown; readonly denied: boolean }
  | { readonly tag: 'fault'; readonly error: unknown }
  | { readonly tag: 'skipped' }

/** A binding for one actor, called as the boundary calls it, but without a component and without a record. */
export class Caller {
  readonly actor: WorldActor
  readonly binding: Binding
  readonly #handler: AnyHandler
  readonly #grant: Json | undefined
  readonly #answers = new Map<string, unknown>()
  readonly #descriptions = new Map<object, Json>()
  readonly #types = new Map<object, string>()

  constructor(handler: AnyHandler, actor: WorldActor, binding: Binding, grant: Json | undefined) {
    this.#handler = handler
    this.actor = actor
    this.binding = binding
    this.#grant = grant
  }

  /** Binds a handler for an actor of a world. */
  static async bind(world: World, grant: Json, id = 'actor'): Promise<Caller> {
    const actor = actorOf(world, id)
    const binding = await world.handler.bind(actor, grant as never)
    return new Caller(world.handler, actor, binding, grant)
  }

  /** What an actor without a grant gets; `undefined` where the handler has nothing for it. */
  static inert(world: World, id = 'actor'): Caller | undefined {
    const actor = actorOf(world, id)
    const binding = world.handler.inert?.(actor)
    return binding === undefined ? undefined : new Caller(world.handler, actor, binding, undefined)
  }

  readonly made = (fn: string): unknown => this.#answers.get(fn)

  /** The description of an object that a call answered with. */
  description(object: unknown): Json | undefined {
    return isObject(object) ? this.#descriptions.get(object) : undefined
  }

  /** Objects that calls answered with, newest last. */
  get objects(): readonly object[] {
    return [...this.#descriptions.keys()]
  }

  /** What a call asks for. */
  ask(sample: SampleCall, args: readonly unknown[]): Ask | undefined {
    const declared = this.declared(sample.fn)
    return declared.ask?.({ fn: sample.fn, args: args.map((arg) => this.#described(arg)) })
  }

  /** Makes a sample call. */
  async call(sample: SampleCall, args = sample.args(this.made)): Promise<Outcome> {
    const declared = this.declared(sample.fn)
    if (parse(sample.fn).kind === 'method' && !isObject(args[0])) return { tag: 'skipped' }
    try {
      const ask = this.ask(sample, args)
      if (ask !== undefined && this.#grant !== undefined) {
        const verdict = this.#handler.authorize(this.#grant as never, ask)
        if (verdict !== true) {
          assert.ok(declared.deny !== undefined, `${sample.fn} was refused and has no error for it`)
          return thrown(declared.deny({ fn: sample.fn, ask, refusal: verdict }), true)
        }
      }
      const answer = this.#implementation(sample.fn, args)()
      if (declared.mode === 'sync')
        assert.ok(!isThenable(answer), `${sample.fn} is sync and answers with a promise`)
      const value: unknown = await answer
      this.#answers.set(sample.fn, value)
      if (sample.makes !== undefined && isObject(value)) {
        this.#descriptions.set(value, this.binding.describe?.(sample.makes, value) ?? null)
        this.#types.set(value, sample.makes)
      }
      return { tag: 'answered', value }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return thrown(error, false)
    }
  }

  /** Makes sample calls one after another. */
  async all(samples: readonly SampleCall[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    for (const sample of samples) outcomes.push(await this.call(sample))
    return outcomes
  }

  /** What the handler says of a function. */
  declared(fn: string): HandlerFunction {
    const declared = this.#handler.functions[fn]
    assert.ok(declared, `the subject calls ${fn}, which the handler does not declare`)
    return declared
  }

  /** As the boundary does. */
  #described(arg: unknown): unknown {
    const type = isObject(arg) ? this.#types.get(arg) : undefined
    if (!isObject(arg) || type === undefined) return arg
    return this.binding.current?.(type, arg) ?? this.#descriptions.get(arg)
  }

  #implementation(fn: string, args: readonly unknown[]): () => unknown {
    const { name, kind } = parse(fn)
    if (kind === 'method') {
      const [self, ...rest] = args
      const method = isObject(self) ? self[camelCase(name.slice(name.indexOf('.') + 1))] : undefined
      assert.ok(typeof method === 'function', `${fn}: the object has no such method`)
      return () => method.apply(self, rest) as unknown
    }
    const found = bound(this.binding, fn)
    assert.ok(typeof found === 'function', `${fn} is declared and not bound`)
    return () => found(...args) as unknown
  }
}

/** A function's name taken apart. */
export function parse(fn: string): {
  readonly track: string
  readonly name: string
  readonly kind: 'freestanding' | 'method' | 'constructor' | 'static'
} {
  const at = fn.indexOf('#')
  assert.ok(at > 0, `${fn} is not of the form track#name`)
  const name = fn.slice(at + 1)
  const prefix = /^\[(method|constructor|static)\]/.exec(name)?.[1]
  const kind =
    prefix === 'method' || prefix === 'constructor' || prefix === 'static' ? prefix : 'freestanding'
  return { track: fn.slice(0, at), name, kind }
}

/** What a binding has for a function that is not a method. */
export function bound(binding: Binding, fn: string): ((...args: readonly unknown[]) => unknown) | undefined {
  const { track, name, kind } = parse(fn)
  const imports: unknown = binding.imports
  const functions = isObject(imports) ? imports[track] : undefined
  const found = isObject(functions) ? functions[kind === 'freestanding' ? camelCase(name) : name] : undefined
  return typeof found === 'function' ? (...args) => found.apply(functions, args) as unknown : undefined
}

/** Runs a law in a fresh world, and takes it down afterwards. */
export async function inWorld<T, W extends World = World>(
  make: () => W | Promise<W>,
  run: (world: W) => Promise<T>,
): Promise<T> {
  const world = await make()
  try {
    return await run(world)
  } finally {
    await world.handler[Symbol.asyncDispose]?.()
    await world.end?.()
  }
}

/** Whether a value is an object whose keys may be read. */
export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null
}

function actorOf(world: World, id: string): WorldActor {
  return world.actor?.(id) ?? fakeActor({ id })
}

function thrown(error: unknown, denied: boolean): Outcome {
  return WitError.is(error) ? { tag: 'err', payload: error.payload, denied } : { tag: 'fault', error }
}

function isThenable(value: unknown): boolean {
  return isObject(value) && typeof value['then'] === 'function'
}
