import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** Every grant there is; what it gives are the levels of the lines that are written. */
export const atLarge: AtLarge = {
  grant: fc.record({ level: fc.constantFrom(...LEVELS) }, { requiredKeys: [] }),
  reach(grant) {
    const { level = 'trace' } = grant as { readonly level?: (typeof LEVELS)[number] }
    return LEVELS.slice(LEVELS.indexOf(level))
  },
}
