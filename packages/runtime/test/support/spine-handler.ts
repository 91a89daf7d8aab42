import { defineHandler } from '@theater/handler'
import type { Handler } from '@theater/handler'

/** What the spine's host did, in order: the world that a test looks at. */
export interface SpineWorld {
  readonly calls: string[]
  /** Called before an `add` answers: where a test blocks, or ends the process. */
  onAdd?(a: number, b: number): Promise<void> | void
}

/** The host side of `test:spine/host`: an `add` that has an outside effect, and a counter that can be resumed. */
export function spineHandler(
  world: SpineWorld,
  effect: 'read' | 'idempotent' | 'once' = 'idempotent',
): Handler<{ readonly max?: number }, object> {
  const track = 'test:spine/host'
  return defineHandler({
    name: 'spine',
    interfaces: [track],
    grant: { type: 'object', properties: { max: { type: 'integer' } }, additionalProperties: false },
    functions: {
      [`${track}#add`]: { mode: 'async', effect, ask: ({ args }) => ({ add: args[1] as number }) },
      [`${track}#[constructor]counter`]: { mode: 'sync', effect: 'none' },
      [`${track}#[method]counter.bump`]: { mode: 'sync', effect: 'read' },
    },
    within: () => true,
    authorize: () => true,
    bind() {
      const counters = new WeakMap<object, { value: number }>()
      const make = (value: number): object => {
        const state = { value }
        const counter = {
          bump(by: number) {
            state.value += by
            world.calls.push(`bump ${by} -> ${state.value}`)
            return state.value
          },
          [Symbol.dispose]() {
            world.calls.push('dropped')
          },
        }
        counters.set(counter, state)
        return counter
      }
      return {
        imports: {
          [track]: {
            async add(a: number, b: number) {
              await world.onAdd?.(a, b)
              world.calls.push(`add ${a} ${b}`)
              return a + b
            },
            '[constructor]counter': (start: number) => {
              world.calls.push(`new ${start}`)
              return make(start)
            },
          },
        },
        describe: (_type, object) => ({ start: counters.get(object)?.value ?? 0 }),
        resume(_type, description) {
          const { start } = description as { start: number }
          world.calls.push(`resume ${start}`)
          return make(start)
        },
      }
    },
  })
}
