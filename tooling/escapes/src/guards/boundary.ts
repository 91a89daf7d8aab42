import { type Guards, off } from './patch.ts'

const crossing = 'boundary/src/crossing.ts'
const compound = 'values/src/codec-compound.ts'

/** What stands between a guest and its host while it runs. */
export const boundary: Guards = {
  'lift-bytes': [off('component/src/lift.ts', 'if (this.#spent > LIFT_LIMIT)')],
  fence: [
    {
      file: 'component/src/instance.ts',
      text: 'const linked = fences.around(core.imports, coreImports)',
      with: 'const linked = coreImports',
    },
  ],
  // A guest that is to end is told so by an exception, which it can catch.
  'real-trap': [
    {
      file: 'component/src/instance.ts',
      text: 'const linked = fences.around(core.imports, coreImports)',
      with: 'const linked = coreImports',
    },
    {
      file: crossing,
      text: '      if (fn.isResult) throw poison()\n      unreachable()\n',
      with: "      throw new Error('the guest is to end')\n",
    },
    off(crossing, 'if (state.ended !== undefined || this.#whileWaiting()) return ENDED'),
    off(crossing, 'if (answer === ENDED || ended !== undefined) {'),
  ],
  'own-errors': [
    {
      file: 'boundary/src/performer.ts',
      text: "return isWitError(error) ? errAnswer(error.payload, 0) : { fault: 'handler-fault', error }",
      with: 'return errAnswer(error.payload, 0)',
    },
  ],
  'answer-range': [off('values/src/codec-scalar.ts', 'if (n !== value || n > max)')],
  'answer-cases': [
    { file: compound, text: 'const i = index.get(value)\n', with: 'const i = index.get(value) ?? 0\n' },
  ],
  'answer-promises': [
    off('boundary/src/performer.ts', 'if (isThenable(value)) {'),
    off(compound, "if (typeof then === 'function')"),
  ],
  'answer-length': [off(compound, 'if (lengthOf(value) !== n)')],
  'answer-lists': [
    off('values/src/property.ts', "if (typeof length !== 'number' || length >>> 0 !== length)"),
  ],
  'thrown-faults': [{ file: 'boundary/src/state.ts', text: 'error: readable(error),', with: 'error,' }],
  'handle-count': [
    {
      file: 'boundary/src/handles.ts',
      text: 'return this.#host.size > this.limit || this.#guest.size > this.limit',
      with: 'return this.limit < 0',
    },
  ],
  'random-bytes': [off('boundary/src/derived.ts', 'if (n > BigInt(MAX_DRAW))')],
  contracts: [
    {
      file: 'boundary/src/contract.ts',
      text: 'return !Object.hasOwn(contracts, name) || contracts[name] === typesDigest(fn, hash)',
      with: 'return typesDigest(fn, hash) !== name',
    },
  ],
  'answer-faults': [
    { file: crossing, text: '        answer = this.#broke(error)\n', with: '        throw error\n' },
    {
      file: 'boundary/src/live-calls.ts',
      text: "const code = ValueError.is(error) || error instanceof HandleFault ? 'host-value' : 'handler-fault'",
      with: "if (Math.random() < 2) throw error\n      const code = ValueError.is(error) ? 'host-value' : 'handler-fault'",
    },
  ],
  'argument-faults': [
    {
      file: 'boundary/src/beginning.ts',
      text: "    throw new ValueError('wrong-type', reason, { path: 'args', cause: error })\n",
      with: '    throw new Error(reason, { cause: error })\n',
    },
    {
      file: 'values/src/property.ts',
      text: "    ? new ValueError('wrong-type', 'throws when it is read', { cause: error })\n",
      with: '    ? error\n',
    },
  ],
  rebuilding: [
    {
      file: 'runtime/src/instance.ts',
      text: "reply: { tag: 'trapped', code: end.code },\n          concluded: this.#inOrder(() => this.#undo(boundary)),\n",
      with: "reply: { tag: 'trapped', code: end.code },\n          concluded: this.#inOrder(() => this.#write()),\n",
    },
    off('runtime/src/instance.ts', 'if (this.#boundary?.ended !== undefined) this.discard()'),
  ],
  'finished-instance': [
    off(crossing, 'if (state.ended !== undefined || this.#whileWaiting()) return ENDED'),
    off(crossing, 'if (answer === ENDED || ended !== undefined) {'),
    off('boundary/src/boundary.ts', 'if (this.#state.ended !== undefined) this.#instance?.end()'),
  ],
}
