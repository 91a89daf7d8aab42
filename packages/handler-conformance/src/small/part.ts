import type { AnyHandler, Binding } from '@theater/handler'
import type { Json } from '@theater/values'
import { inWorld } from '../caller.ts'
import { fakeActor } from '../fake-actor.ts'
import type { FakeActor, FakeActorOptions } from '../fake-actor.ts'

/** Something that an interface says must be so, of whoever serves it. */
export interface InterfaceLaw<Subject> {
  readonly name: string
  /** Resolves if it holds; rejects with an AssertionError that says where not. */
  readonly run: (subject: Subject) => Promise<void>
}

/** A function of a binding, as the boundary calls it. */
type Run = (...args: readonly unknown[]) => unknown

/** An actor, and what it imports. */
export interface Part {
  readonly actor: FakeActor
  readonly binding: Binding
  /** The function of an interface, by its name in TypeScript. */
  readonly fn: (track: string, name: string) => Run
}

/** Binds a handler for one actor, and takes it down when that is over. */
export async function withPart(
  handler: AnyHandler,
  grant: Json,
  run: (part: Part) => void | Promise<void>,
  options: FakeActorOptions = {},
): Promise<void> {
  await inWorld(
    () => ({ handler, state: () => undefined }),
    async () => {
      const actor = fakeActor(options)
      const binding = await handler.bind(actor, grant as never)
      const imports = binding.imports as Readonly<Record<string, Readonly<Record<string, Run>>>>
      const fn: Part['fn'] = (track, name) => {
        const found = imports[track]?.[name]
        if (found === undefined) throw new TypeError(`${track} has no ${name}`)
        return found
      }
      try {
        await run({ actor, binding, fn })
      } finally {
        await binding[Symbol.asyncDispose]?.()
      }
    },
  )
}
