import { probeComponent } from './guests.ts'
import type { RecordOptions, TestHandler, Turn } from './record.ts'

const track = 'test:probe/host'

class TestError extends Error {
  readonly brand = 'theater.WitError'
  readonly payload: unknown
  constructor(payload: unknown) {
    super('an error of the interface')
    this.payload = payload
  }
}

/** The host of the probe: `ask` answers n, and n for 13 as an error. */
export const probeHandler: TestHandler = {
  interfaces: [track],
  functions: {
    [`${track}#note`]: { mode: 'sync', effect: 'read' },
    [`${track}#ask`]: { mode: 'sync', effect: 'read' },
    [`${track}#make`]: { mode: 'sync', effect: 'none' },
  },
  imports: {
    [track]: {
      note: () => undefined,
      ask: (n: number) => {
        if (n === 13) throw new TestError(n)
        return n
      },
      make: () => ({}),
    },
  },
  describe: () => ({ made: 1 }),
}

/** What it takes to record the probe. */
export async function probe(steps: readonly Turn[]): Promise<RecordOptions> {
  const asyncImports = ['wasi:io/poll@0.2.3#[method]pollable.block']
  return { component: await probeComponent(), handler: probeHandler, asyncImports, steps }
}
