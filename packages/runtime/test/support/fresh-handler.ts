import { defineHandler } from '@theater/handler'
import type { Handler } from '@theater/handler'

/** What the guest `fresh` did to its host: the world that a test looks at. */
export interface FreshWorld {
  readonly calls: string[]
  /** What it is answered when it is instantiated and asks whether it may begin; 0: it traps. @default 1 */
  begin?: number
  /** Called before an effect is done. */
  onEffect?(n: number): void
}

/** The host side of `test:fresh/host`. */
export function freshHandler(world: FreshWorld): Handler<{ readonly [key: string]: never }, object> {
  const track = 'test:fresh/host'
  let made = 0
  return defineHandler({
    name: 'fresh',
    interfaces: [track],
    grant: { type: 'object', additionalProperties: false },
    functions: {
      [`${track}#begin`]: { mode: 'sync', effect: 'read' },
      [`${track}#take`]: { mode: 'sync', effect: 'none' },
      [`${track}#effect`]: { mode: 'async', effect: 'idempotent' },
    },
    within: () => true,
    authorize: () => true,
    bind() {
      const things = new WeakMap<object, number>()
      return {
        imports: {
          [track]: {
            begin: () => world.begin ?? 1,
            take() {
              const n = ++made
              const thing = { [Symbol.dispose]: () => void world.calls.push(`let go of ${n}`) }
              things.set(thing, n)
              world.calls.push(`give ${n}`)
              return thing
            },
            async effect(n: number) {
              world.onEffect?.(n)
              world.calls.push(`effect ${n}`)
              return n
            },
          },
        },
        describe: (_type, object) => ({ n: things.get(object) ?? 0 }),
      }
    },
  })
}
