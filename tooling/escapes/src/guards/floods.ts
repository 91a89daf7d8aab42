import { type Guards, off } from './patch.ts'

/** What bounds queues, logs and the time of a turn. */
export const floods: Guards = {
  mailbox: [
    {
      file: 'runtime/src/reception.ts',
      text: 'if (!full || !this.#parts.alive()',
      with: 'if (!full || full || !this.#parts.alive()',
    },
  ],
  outbox: [
    {
      file: 'runtime/src/post.ts',
      text: 'return from.outbox + from.queued < outbox ? undefined',
      with: 'return from.outbox + from.queued < Infinity ? undefined',
    },
  ],
  'turn-deadline': [
    {
      file: 'runtime/src/instance.ts',
      text: "setTimeout(() => boundary.abort('turn-deadline', undefined), turnMs)",
      with: 'setTimeout(() => undefined, turnMs)',
    },
  ],
  'log-rate': [
    {
      file: 'runtime/src/log-gate.ts',
      text: 'if (this.#lines < limits.logLines && this.#bytes + bytes <= limits.logBytes) {',
      with: 'if (this.#lines < Infinity) {',
    },
  ],
  timers: [off('runtime/src/timers.ts', 'if (count >= limits.timers) return')],
  'timer-bytes': [
    {
      file: 'runtime/src/timers.ts',
      text: 'if (bytesOf(message) > left ||',
      with: 'if (',
    },
  ],
  'state-size': [
    off('runtime/src/maker.ts', 'if (state !== undefined && state.body.length > limits.stateBytes) {'),
    {
      file: 'runtime/src/reception.ts',
      text: 'return sizeOf(args, messageBytes) > messageBytes',
      with: 'return sizeOf(args, messageBytes) < 0',
    },
  ],
}
