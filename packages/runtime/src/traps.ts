import type { AbortCode, TrapCode } from '@theater/event-chain'

/** Why a guest trapped, for a sentence: the code, and the limit that it ran into. */
export function trapWords(code: TrapCode): string {
  switch (code) {
    case 'out-of-fuel':
      return 'out-of-fuel: it loops, or needs more than its limits "fuel" and "startFuel" give'
    case 'depth':
      return 'depth: its calls nest deeper than its limit "depth" allows'
    case 'memory':
      return 'memory: it wants more than its limits "memory", "tables" and "handles" allow'
    case 'guest':
    case 'unsupported':
      return code
  }
}

/** The limit that ends a turn with a code; `undefined`: none does. */
export function limitOf(code: AbortCode): string | undefined {
  switch (code) {
    case 'turn-deadline':
      return 'turnMs'
    case 'turn-events':
      return 'turnEvents'
    case 'turn-bytes':
      return 'turnBytes'
    case 'deadline':
      return 'callMs'
    case 'stopped':
    case 'handler-fault':
    case 'host-value':
    case 'host-memory':
    case 'host-stack':
    case 'outcome-unknown':
    case 'exited':
    case 'unresponsive':
      return undefined
  }
}
