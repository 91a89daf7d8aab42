import { relayed, relayGuest, TRAP } from '@theater/guests/relay'
import { fakeActor } from '../src/index.ts'
import type { Guest, Subject, World } from '../src/index.ts'
import fc from 'fast-check'
import { WitError } from '@theater/handler'
import type { ActorContext, AnyHandler, Ask, Binding, Call, Handler, HandlerFunction } from '@theater/handler'

const BOX = 'test:box/boxes@0.1'

const relay: Guest = { component: relayGuest('box'), exportOf: relayed, trap: TRAP }

type Grant = { readonly right: 'r' | 'w' }
type Names = Set<string>

/** What a mutant may change of the box handler, to break a law. */
export interface Mutation {
  readonly handler?: (good: AnyHandler, names: Names) => AnyHandler
  readonly functions?: (good: AnyHandler['functions'], names: Names) => AnyHandler['functions']
  readonly binding?: (good: Binding, names: Names, actor: ActorContext) => Binding
  readonly subject?: (good: Subject) => Subject
}

const refuse = { refused: 'only reading is granted' }
const deny = () => new WitError('denied')
const asks = (right: 'r' | 'w') => (call: Call) => ({ right, name: String(call.args.length) })

/** A small handler of named boxes that keeps every law. */
export function boxes(names: Names = new Set(), mutation: Mutation = {}): AnyHandler {
  const functions: Record<string, HandlerFunction> = {
    [`${BOX}#put`]: { mode: 'async', effect: 'idempotent', ask: asks('w'), deny },
    [`${BOX}#names`]: { mode: 'sync', effect: 'read' },
    [`${BOX}#open`]: { mode: 'async', effect: 'read', ask: asks('r'), deny },
    [`${BOX}#[method]box.name`]: { mode: 'sync', effect: 'none' },
    [`${BOX}#[static]box.close`]: { mode: 'sync', effect: 'none' },
  }
  const handler: Handler<Grant, object> = {
    name: 'box',
    interfaces: [BOX],
    grant: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
      required: ['right'],
      properties: { right: { enum: ['r', 'w'] } },
    },
    functions: mutation.functions?.(functions, names) ?? functions,
    within: (child, parent) => (child.right === 'w' && parent.right === 'r' ? refuse : true),
    authorize: (grant, ask: Ask) => (ask['right'] === 'r' || grant.right === 'w' ? true : refuse),
    bind(actor) {
      const good = bind(actor, names)
      return mutation.binding?.(good, names, actor) ?? good
    },
  }
  return mutation.handler?.(handler, names) ?? handler
}

function bind(actor: ActorContext, names: Names): Binding {
  const own = new Map<object, string>()
  const make = (name: string): object => {
    const box = { name: () => name, [Symbol.dispose]: () => void own.delete(box) }
    own.set(box, name)
    return box
  }
  return {
    imports: {
      [BOX]: {
        async put(name: string) {
          actor.signal.throwIfAborted()
          names.add(name)
        },
        names: () => [...names].toSorted(),
        async open(name: string) {
          actor.signal.throwIfAborted()
          if (!names.has(name)) throw new WitError('no-entry')
          return make(name)
        },
        '[static]box.close'(box: object) {
          if (!own.has(box)) throw new Error('not a box of this actor')
        },
      },
    },
    describe: (_type, object) => own.get(object),
    resume: (type, description) =>
      type === `${BOX}#box` && typeof description === 'string' ? make(description) : undefined,
  }
}

/** The subject of the box handler, mutated or not. */
export function boxSubject(mutation: Mutation = {}): Subject {
  const good: Subject = {
    name: 'box',
    make: (): World => {
      const names: Names = new Set()
      return { handler: boxes(names, mutation), state: () => [...names], actor: (id) => fakeActor({ id }) }
    },
    bare: () => boxes(new Set(), mutation),
    grants: [{ right: 'w' }, { right: 'r' }],
    least: { right: 'r' },
    deeds: {
      deed: fc.constantFrom('put', 'open').map((name) => ({
        fn: `${BOX}#${name}`,
        args: () => ['deed'],
        shows: name === 'put',
      })),
      runs: 20,
    },
    refusable: [`${BOX}#put`],
    neverRefused: [`${BOX}#open`],
    calls: [
      { fn: `${BOX}#put`, args: () => ['b'], refusedUnder: { right: 'r' } },
      { fn: `${BOX}#put`, args: () => ['a'], refusedUnder: { right: 'r' } },
      { fn: `${BOX}#names`, args: () => [], listing: (answer) => answer as string[] },
      { fn: `${BOX}#open`, args: () => ['a'], makes: `${BOX}#box`, resumes: true },
      { fn: `${BOX}#[method]box.name`, args: (made) => [made(`${BOX}#open`)] },
      { fn: `${BOX}#[static]box.close`, args: (made) => [made(`${BOX}#open`)] },
    ],
    guest: relay,
  }
  return mutation.subject?.(good) ?? good
}

/** Changes functions of a binding. */
export function replace(binding: Binding, functions: object): Binding {
  const good = (binding.imports as Record<string, object>)[BOX]
  return { ...binding, imports: { [BOX]: { ...good, ...functions } } }
}
