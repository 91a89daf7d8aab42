import { guest } from '@theater/guests'
import type { RecordOptions, TestHandler, Turn } from './record.ts'

const track = 'test:spine/host'

function counter(start: number): object {
  let value = start
  return { bump: (by: number) => (value += by) }
}

/** The host of the spine guest. */
function spineHandler(): TestHandler {
  return {
    interfaces: [track],
    functions: {
      [`${track}#add`]: { mode: 'async', effect: 'idempotent' },
      [`${track}#[constructor]counter`]: { mode: 'sync', effect: 'none' },
      [`${track}#[method]counter.bump`]: { mode: 'sync', effect: 'read' },
    },
    imports: {
      [track]: {
        add: async (a: number, b: number) => a + b,
        '[constructor]counter': counter,
      },
    },
    describe: () => ({ start: 100 }),
    resume: () => counter(100),
  }
}

/** What it takes to record the spine guest. */
export function spine(steps: readonly Turn[]): RecordOptions {
  return { component: guest('spine'), handler: spineHandler(), asyncImports: [`${track}#add`], steps }
}
