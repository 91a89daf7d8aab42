import { type Guards, inWorker, off } from './patch.ts'

const meter = 'component/src/instance-meter.ts'

/** What bounds the time, the stack and the memory of a guest. */
export const limits: Guards = {
  fuel: [
    { file: meter, text: 'const fuel = i64(budget.fuel)', with: 'const fuel = i64(2 ** 62)' },
    {
      file: meter,
      text: 'this.#fuel.g(units)',
      with: 'this.#fuel.g(units < 0 ? 0 : 2 ** 62)',
    },
  ],
  'meter-name': [
    {
      file: 'component/src/meter/module.ts',
      text: 'if (wire.text(wire.end) === reserved)',
      with: "if (wire.text(wire.end) === '')",
    },
    inWorker,
  ],
  depth: [
    { file: meter, text: 'i32(Math.min(budget.depth, unbounded.depth))', with: 'i32(unbounded.depth)' },
  ],
  memory: [
    {
      file: meter,
      text: 'this.#pages = i64(Math.floor(budget.memory / PAGE))',
      with: 'this.#pages = i64(2 ** 40)',
    },
  ],
  tables: [
    { file: meter, text: 'this.#elements = i64(budget.elements)', with: 'this.#elements = i64(2 ** 40)' },
  ],
  watchdog: [
    {
      file: 'runtime/src/thread/keeper.ts',
      text: "else if (waited >= answerMs) void this.#terminate('hung', undefined)",
      with: 'else if (waited < 0) throw new Error()',
    },
  ],
  'call-deadline': [
    {
      file: 'boundary/src/deadline.ts',
      text: 'setTimeout(() => late.reject(new DeadlinePassed()), Math.min(ms, MAX_TIMER))',
      with: 'setTimeout(() => undefined, MAX_TIMER)',
    },
  ],
  'message-size': [
    {
      file: 'runtime/src/reception.ts',
      text: 'return sizeOf(args, messageBytes) > messageBytes',
      with: 'return sizeOf(args, messageBytes) < 0',
    },
  ],
  'turn-events': [
    off('runtime/src/record-share.ts', "if (this.#events > turnEvents) return { code: 'turn-events',"),
  ],
  'turn-bytes': [
    off('runtime/src/record-share.ts', "if (this.#bytes > turnBytes) return { code: 'turn-bytes',"),
    off(
      'runtime/src/record-share.ts',
      "if (this.#appended - this.#flushed > MAX_UNWRITTEN && kind !== 'result') return",
    ),
  ],
  'actor-count': [off('runtime/src/maker.ts', 'if (cast.with(this.#making.keys()) >= maxActors) {')],
}
