import type { AnyHandler, Binding } from '@theater/handler'

// Functions of a binding have types of their own, which whoever alters one knows.
// oxlint-disable-next-line typescript/no-explicit-any
type Callable = (...args: any[]) => unknown

/** What is other than in a handler that is right. */
export interface Alteration {
  /**
   * Functions, by the name of their interface and their own in TypeScript, `blobs#put`: what is called in the place of the
   * right one, which it is given.
   */
  readonly calls?: Readonly<Record<string, (self: Callable, args: readonly unknown[]) => unknown>>
  /** Anything else of the handler; of `bind` it is what is bound before {@link calls} are changed. */
  readonly handler?: (good: AnyHandler) => AnyHandler
  /** Anything else of a binding. */
  readonly binding?: (good: Binding) => Binding
}

/**
 * A handler with something changed, to find out that a law notices it.
 *
 * @example
 * const deaf = altered(messaging(), { calls: { 'client#send': () => undefined } })
 */
export function altered(
  good: AnyHandler,
  { calls = {}, handler = (same) => same, binding = (same) => same }: Alteration,
): AnyHandler {
  const changed = handler(good)
  return {
    ...changed,
    async bind(actor, grant) {
      const bound = binding(await changed.bind(actor, grant))
      const tracks = Object.entries(bound.imports as Readonly<Record<string, object>>)
      const imports = tracks.map(([track, functions]) => {
        const name = /\/([a-z-]+)@/.exec(track)?.[1] ?? track
        const entries = Object.entries(functions as Readonly<Record<string, Callable>>)
        const others = entries.map(([fn, self]) => {
          const call = calls[`${name}#${fn}`]
          return [fn, call === undefined ? self : (...args: unknown[]) => call(self, args)]
        })
        return [track, Object.fromEntries(others)]
      })
      return { ...bound, imports: Object.fromEntries(imports) }
    },
  }
}

/** The names of the laws that do not hold of a subject. Each is held in worlds of its own, and all at once. */
export async function violated<Subject>(
  laws: readonly { readonly name: string; readonly run: (subject: Subject) => Promise<void> }[],
  subject: Subject,
): Promise<readonly string[]> {
  const ends = await Promise.allSettled(laws.map(({ run }) => run(subject)))
  return laws.flatMap(({ name }, n) => (ends[n]?.status === 'rejected' ? [name] : []))
}
