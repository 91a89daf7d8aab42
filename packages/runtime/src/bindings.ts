import type { Link, Resolution } from '@theater/boundary'
import type { ActorContext, Binding } from '@theater/handler'
import type { Grants } from './grants.ts'

/** The handlers of one actor, bound for it alone. */
export class Bindings {
  /** By interface name of the component. */
  readonly links = new Map<string, Link>()
  readonly #bindings: Binding[] = []

  /**
   * Binds every handler that serves the actor. What was bound before one throws is let go by {@link dispose}, after which everything can be bound again.
   *
   * @param contextOf the actor as one handler sees it, which is bound when `link` answers
   */
  async bind(
    resolution: Resolution,
    grants: Grants,
    contextOf: (link: () => Link | undefined) => ActorContext,
  ): Promise<void> {
    const byHandler = new Map<string, Link>()
    for (const [name, served] of resolution.served) {
      if (served.state === 'built-in') continue
      const { handler } = served
      let link = byHandler.get(handler.name)
      if (link === undefined) {
        const grant = served.state === 'granted' ? grants[handler.name] : undefined
        const context = contextOf(() => byHandler.get(handler.name))
        const binding =
          grant === undefined ? handler.inert?.(context) : await handler.bind(context, grant as never)
        if (binding === undefined) throw new TypeError(`the handler ${handler.name} has no inert binding`)
        this.#bindings.push(binding)
        link = { handler, binding, grant }
        byHandler.set(handler.name, link)
      }
      this.links.set(name, link)
    }
  }

  /** Tells all of them that a turn of the actor was undone. */
  undone(): void {
    for (const binding of this.#bindings) binding.undone?.()
  }

  /** Lets go of everything. @returns what could not be let go of */
  async dispose(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    this.links.clear()
    for (const binding of this.#bindings.splice(0)) {
      try {
        await binding[Symbol.asyncDispose]?.()
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }
}

/** Whether something from outside may reach an actor through its handlers, so that they are bound as long as it lives. */
export function staysBound({ served }: Resolution, grants: Grants): boolean {
  for (const one of served.values()) {
    if (one.state === 'built-in') continue
    const grant = one.state === 'granted' ? grants[one.handler.name] : undefined
    if (one.handler.rests?.(grant as never) !== true) return true
  }
  return false
}
