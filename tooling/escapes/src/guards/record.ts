import { type Guards, off } from './patch.ts'

const settle = 'boundary/src/settle.ts'

/** What a verifier goes by, and what it bounds. */
export const record: Guards = {
  'compare-returns': [
    {
      file: settle,
      text: 'out.holds(recorded.content.result, 1)\n',
      with: 'out.bytes(1) !== undefined\n',
    },
  ],
  'compare-calls': [
    {
      file: 'boundary/src/crossing.ts',
      text: '      !out.holds(recorded.content.args, start) ||\n',
      with: '',
    },
  ],
  'compare-traps': [{ file: settle, text: 'recorded.content.code === code && ', with: '' }],
  'body-digests': [off('event-chain/src/event.ts', 'if (!sameBytes(digestOf(body), header.body)) {')],
  'rerun-seals': [
    {
      file: 'replay/src/node/rerun-thread.ts',
      text: 'sealed: this.#cache?.seal !== undefined,',
      with: 'sealed: false,',
    },
    {
      file: 'replay/src/node/source-server.ts',
      text: 'return cache?.seal === undefined ? alone(bytes) : resealed(bytes, cache.seal, underway)',
      with: 'return alone(bytes)',
    },
  ],
  'component-digest': [off('replay/src/execution.ts', 'if (!same(actual, genesis.component)) {')],
  'verify-traps': [off('replay/src/rerun.ts', 'if (++this.#rebuilt > maxTraps) {')],
  'verify-events': [
    off('replay/src/replay.ts', 'if (size > limits.maxEvents) {'),
    { file: 'replay/src/start.ts', text: 'maxEvents: limits.maxEvents,', with: 'maxEvents: Infinity,' },
  ],
}
