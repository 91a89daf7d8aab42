import { fromCore } from '@theater/guests/wat'

const WIT = `package test:script;
interface host {
  use wasi:io/poll@0.2.3.{pollable};
  use wasi:io/streams@0.2.3.{input-stream, output-stream};
  resource counter { constructor(start: u32); bump: func(by: u32) -> u32; }
  variant problem { outcome-unknown, refused, gone }
  soon: func(n: u32) -> pollable;
  in: func(n: u32) -> input-stream;
  out: func(n: u32) -> output-stream;
  give: func(n: u32) -> counter;
  take: func(c: counter) -> u32;
  look: func(c: borrow<counter>) -> result<u32, problem>;
  pass: func(p: pollable) -> u32;
  wait: func(ms: u32) -> u32;
  effect: func(n: u32) -> result<u32, problem>;
  bare-effect: func(n: u32) -> u32;
}
world script {
  import wasi:clocks/monotonic-clock@0.2.3;
  import wasi:clocks/wall-clock@0.2.3;
  import wasi:random/random@0.2.3;
  import wasi:random/insecure@0.2.3;
  import wasi:random/insecure-seed@0.2.3;
  import wasi:io/error@0.2.3;
  import host;
  export run: func(script: list<u64>) -> list<u64>;
  export lend: func(c: borrow<counter>) -> u32;
  use host.{counter};
}
package wasi:io@0.2.3 {
  interface error { resource error { to-debug-string: func() -> string; } }
  interface poll {
    resource pollable { ready: func() -> bool; block: func(); }
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
  interface streams {
    use error.{error};
    use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream {
      read: func(len: u64) -> result<list<u8>, stream-error>;
      blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
      skip: func(len: u64) -> result<u64, stream-error>;
      blocking-skip: func(len: u64) -> result<u64, stream-error>;
      subscribe: func() -> pollable;
    }
    resource output-stream {
      check-write: func() -> result<u64, stream-error>;
      write: func(contents: list<u8>) -> result<_, stream-error>;
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
      flush: func() -> result<_, stream-error>;
      blocking-flush: func() -> result<_, stream-error>;
      subscribe: func() -> pollable;
      write-zeroes: func(len: u64) -> result<_, stream-error>;
      blocking-write-zeroes-and-flush: func(len: u64) -> result<_, stream-error>;
      splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
      blocking-splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
    }
  }
}
package wasi:clocks@0.2.3 {
  interface monotonic-clock {
    use wasi:io/poll@0.2.3.{pollable};
    now: func() -> u64;
    resolution: func() -> u64;
    subscribe-instant: func(when: u64) -> pollable;
    subscribe-duration: func(when: u64) -> pollable;
  }
  interface wall-clock {
    record datetime { seconds: u64, nanoseconds: u32 }
    now: func() -> datetime;
    resolution: func() -> datetime;
  }
}
package wasi:random@0.2.3 {
  interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }
  interface insecure { get-insecure-random-bytes: func(len: u64) -> list<u8>; get-insecure-random-u64: func() -> u64; }
  interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
}`

const reg = '(i32.load (i32.add (i32.const 256) (i32.shl (i32.wrap_i64 (local.get $a)) (i32.const 2))))'
const regB = '(i32.load (i32.add (i32.const 256) (i32.shl (i32.wrap_i64 (local.get $b)) (i32.const 2))))'
const a = '(i32.wrap_i64 (local.get $a))'
const b = '(i32.wrap_i64 (local.get $b))'
const scratch = '(i32.const 128)'
const toB = (value: string): string =>
  `(i32.store (i32.add (i32.const 256) (i32.shl (i32.wrap_i64 (local.get $b)) (i32.const 2))) ${value})`
const push = (value: string): string => `(call $push ${value})`
const push32 = (value: string): string => push(`(i64.extend_i32_u ${value})`)
const pattern = '(i32.const 1024)'

/** A call of a method that answers `result<…, stream-error>`: what it leaves at `scratch` is pushed. */
const stream = (name: string, at: number, ok: string, ...args: string[]): string =>
  `(call $${name} ${reg} ${args.join(' ')} ${scratch}) (call $result (i32.const ${at})) (if (i32.eqz (i32.load8_u ${scratch})) (then ${ok}))`
const length = push32('(i32.load offset=8 (i32.const 128))')
const number = push('(i64.load offset=8 (i32.const 128))')

/** The instructions of a script, with what they push. A register holds a handle. */
const OPS = {
  /** Pushes the monotonic clock. */
  now: push('(call $now)'),
  /** Pushes seconds and nanoseconds. */
  wall: `(call $wall ${scratch}) ${push('(i64.load (i32.const 128))')} ${push32('(i32.load offset=8 (i32.const 128))')}`,
  draw: push('(call $draw)'),
  /** A timer of `a` nanoseconds into register `b`. */
  after: toB('(call $subscribe-duration (local.get $a))'),
  at: toB('(call $subscribe-instant (local.get $a))'),
  block: `(call $block ${reg})`,
  ready: push32(`(call $ready ${reg})`),
  /** Polls `b` registers from `a` on; pushes how many are ready, then which. */
  poll: `(call $poll (i32.add (i32.const 256) (i32.shl ${a} (i32.const 2))) ${b} ${scratch}) (call $pushlist)`,
  dropPollable: `(call $drop-pollable ${reg})`,
  soon: toB(`(call $soon ${a})`),
  pass: push32(`(call $pass ${reg})`),
  in: toB(`(call $in ${a})`),
  /** Pushes 0 and the length, or 1 and the case. */
  read: stream('read', 4, length, '(local.get $b)'),
  blockingRead: stream('blocking-read', 4, length, '(local.get $b)'),
  skip: stream('skip', 8, number, '(local.get $b)'),
  blockingSkip: stream('blocking-skip', 8, number, '(local.get $b)'),
  subscribeIn: toB(`(call $subscribe-in ${reg})`),
  dropIn: `(call $drop-in ${reg})`,
  out: toB(`(call $out ${a})`),
  check: stream('check-write', 8, number),
  write: stream('write', 4, '', pattern, b),
  blockingWrite: stream('blocking-write', 4, '', pattern, b),
  flush: stream('flush', 4, ''),
  blockingFlush: stream('blocking-flush', 4, ''),
  zeroes: stream('zeroes', 4, '', '(local.get $b)'),
  blockingZeroes: stream('blocking-zeroes', 4, '', '(local.get $b)'),
  /** At most 100 bytes from the stream in `b`. */
  splice: stream('splice', 8, number, regB, '(i64.const 100)'),
  blockingSplice: stream('blocking-splice', 8, number, regB, '(i64.const 100)'),
  subscribeOut: toB(`(call $subscribe-out ${reg})`),
  dropOut: `(call $drop-out ${reg})`,
  /** The length of what the last stream error says. */
  debug: `(call $debug (i32.load (i32.const 252)) ${scratch}) ${push32('(i32.load offset=4 (i32.const 128))')} (call $drop-error (i32.load (i32.const 252)))`,
  counter: toB(`(call $counter ${a})`),
  bump: push32(`(call $bump ${reg} ${b})`),
  give: toB(`(call $give ${a})`),
  take: push32(`(call $take ${reg})`),
  look: `(call $look ${reg} ${scratch}) ${push32('(i32.load8_u (i32.const 128))')} ${push32('(i32.load offset=4 (i32.const 128))')}`,
  dropCounter: `(call $drop-counter ${reg})`,
  wait: push32(`(call $wait ${a})`),
  effect: `(call $effect ${a} ${scratch}) ${push32('(i32.load8_u (i32.const 128))')} ${push32('(i32.load offset=4 (i32.const 128))')}`,
  bareEffect: push32(`(call $bare-effect ${a})`),
  bytes: `(call $random-bytes (local.get $a) ${scratch}) ${push32('(i32.load offset=4 (i32.const 128))')}`,
  seed: `(call $insecure-seed ${scratch}) ${push('(i64.load (i32.const 128))')} ${push('(i64.load offset=8 (i32.const 128))')}`,
  /** Pushes nanoseconds. */
  resolution: push('(call $resolution)'),
  /** Pushes seconds and nanoseconds. */
  wallResolution: `(call $wall-resolution ${scratch}) ${push('(i64.load (i32.const 128))')} ${push32('(i32.load offset=8 (i32.const 128))')}`,
  insecureDraw: push('(call $insecure-draw)'),
  insecureBytes: `(call $insecure-bytes (local.get $a) ${scratch}) ${push32('(i32.load offset=4 (i32.const 128))')}`,
  /** The handle of register `a` in `b`, too. */
  copy: toB(reg),
  /** Polls the pollable of `a` so many times as `b` says at once; pushes how many are ready. */
  pollSame: `(call $fill ${reg} ${b}) (call $poll (i32.const 131072) ${b} ${scratch}) ${push32('(i32.load offset=4 (i32.const 128))')}`,
  trap: 'unreachable',
} as const

/** The name of an instruction. */
type Op = keyof typeof OPS
/** An instruction with its two numbers. */
export type Step = readonly [Op, (number | bigint)?, (number | bigint)?]

const names = Object.keys(OPS) as Op[]

const io = 'wasi:io'
const imports: readonly (readonly [module: string, name: string, as: string, type: string])[] = [
  ['wasi:clocks/monotonic-clock@0.2.3', 'now', 'now', '(result i64)'],
  [
    'wasi:clocks/monotonic-clock@0.2.3',
    'subscribe-duration',
    'subscribe-duration',
    '(param i64) (result i32)',
  ],
  ['wasi:clocks/monotonic-clock@0.2.3', 'subscribe-instant', 'subscribe-instant', '(param i64) (result i32)'],
  ['wasi:clocks/monotonic-clock@0.2.3', 'resolution', 'resolution', '(result i64)'],
  ['wasi:clocks/wall-clock@0.2.3', 'now', 'wall', '(param i32)'],
  ['wasi:clocks/wall-clock@0.2.3', 'resolution', 'wall-resolution', '(param i32)'],
  ['wasi:random/insecure@0.2.3', 'get-insecure-random-u64', 'insecure-draw', '(result i64)'],
  ['wasi:random/insecure@0.2.3', 'get-insecure-random-bytes', 'insecure-bytes', '(param i64 i32)'],
  ['wasi:random/random@0.2.3', 'get-random-u64', 'draw', '(result i64)'],
  ['wasi:random/random@0.2.3', 'get-random-bytes', 'random-bytes', '(param i64 i32)'],
  ['wasi:random/insecure-seed@0.2.3', 'insecure-seed', 'insecure-seed', '(param i32)'],
  [`${io}/poll@0.2.3`, '[method]pollable.block', 'block', '(param i32)'],
  [`${io}/poll@0.2.3`, '[method]pollable.ready', 'ready', '(param i32) (result i32)'],
  [`${io}/poll@0.2.3`, 'poll', 'poll', '(param i32 i32 i32)'],
  [`${io}/poll@0.2.3`, '[resource-drop]pollable', 'drop-pollable', '(param i32)'],
  [`${io}/error@0.2.3`, '[method]error.to-debug-string', 'debug', '(param i32 i32)'],
  [`${io}/error@0.2.3`, '[resource-drop]error', 'drop-error', '(param i32)'],
  [`${io}/streams@0.2.3`, '[method]input-stream.read', 'read', '(param i32 i64 i32)'],
  [`${io}/streams@0.2.3`, '[method]input-stream.blocking-read', 'blocking-read', '(param i32 i64 i32)'],
  [`${io}/streams@0.2.3`, '[method]input-stream.skip', 'skip', '(param i32 i64 i32)'],
  [`${io}/streams@0.2.3`, '[method]input-stream.blocking-skip', 'blocking-skip', '(param i32 i64 i32)'],
  [`${io}/streams@0.2.3`, '[method]input-stream.subscribe', 'subscribe-in', '(param i32) (result i32)'],
  [`${io}/streams@0.2.3`, '[resource-drop]input-stream', 'drop-in', '(param i32)'],
  [`${io}/streams@0.2.3`, '[method]output-stream.check-write', 'check-write', '(param i32 i32)'],
  [`${io}/streams@0.2.3`, '[method]output-stream.write', 'write', '(param i32 i32 i32 i32)'],
  [
    `${io}/streams@0.2.3`,
    '[method]output-stream.blocking-write-and-flush',
    'blocking-write',
    '(param i32 i32 i32 i32)',
  ],
  [`${io}/streams@0.2.3`, '[method]output-stream.flush', 'flush', '(param i32 i32)'],
  [`${io}/streams@0.2.3`, '[method]output-stream.blocking-flush', 'blocking-flush', '(param i32 i32)'],
  [`${io}/streams@0.2.3`, '[method]output-stream.write-zeroes', 'zeroes', '(param i32 i64 i32)'],
  [
    `${io}/streams@0.2.3`,
    '[method]output-stream.blocking-write-zeroes-and-flush',
    'blocking-zeroes',
    '(param i32 i64 i32)',
  ],
  [`${io}/streams@0.2.3`, '[method]output-stream.splice', 'splice', '(param i32 i32 i64 i32)'],
  [
    `${io}/streams@0.2.3`,
    '[method]output-stream.blocking-splice',
    'blocking-splice',
    '(param i32 i32 i64 i32)',
  ],
  [`${io}/streams@0.2.3`, '[method]output-stream.subscribe', 'subscribe-out', '(param i32) (result i32)'],
  [`${io}/streams@0.2.3`, '[resource-drop]output-stream', 'drop-out', '(param i32)'],
  ['test:script/host', 'soon', 'soon', '(param i32) (result i32)'],
  ['test:script/host', 'pass', 'pass', '(param i32) (result i32)'],
  ['test:script/host', 'in', 'in', '(param i32) (result i32)'],
  ['test:script/host', 'out', 'out', '(param i32) (result i32)'],
  ['test:script/host', '[constructor]counter', 'counter', '(param i32) (result i32)'],
  ['test:script/host', '[method]counter.bump', 'bump', '(param i32 i32) (result i32)'],
  ['test:script/host', '[resource-drop]counter', 'drop-counter', '(param i32)'],
  ['test:script/host', 'give', 'give', '(param i32) (result i32)'],
  ['test:script/host', 'take', 'take', '(param i32) (result i32)'],
  ['test:script/host', 'look', 'look', '(param i32 i32)'],
  ['test:script/host', 'wait', 'wait', '(param i32) (result i32)'],
  ['test:script/host', 'effect', 'effect', '(param i32 i32)'],
  ['test:script/host', 'bare-effect', 'bare-effect', '(param i32) (result i32)'],
]

const WAT = `(module
  ${imports.map(([module, name, as, type]) => `(import "${module}" "${name}" (func $${as} ${type}))`).join('\n  ')}
  (memory (export "memory") 4)
  (global $pushed (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -8))))
    (local.get $at))
  (func $push (param i64)
    (i64.store (i32.add (i32.const 8192) (i32.shl (global.get $pushed) (i32.const 3))) (local.get 0))
    (global.set $pushed (i32.add (global.get $pushed) (i32.const 1))))
  (func $pushlist (local $i i32)
    ${push32('(i32.load offset=4 (i32.const 128))')}
    (block (loop
      (br_if 1 (i32.ge_u (local.get $i) (i32.load offset=4 (i32.const 128))))
      ${push32('(i32.load (i32.add (i32.load (i32.const 128)) (i32.shl (local.get $i) (i32.const 2))))')}
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br 0))))
  (func $fill (param $handle i32) (param $n i32)
    (block (loop
      (br_if 1 (i32.eqz (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (i32.store (i32.add (i32.const 131072) (i32.shl (local.get $n) (i32.const 2))) (local.get $handle))
      (br 0))))
  (func $result (param $at i32)
    ${push32('(i32.load8_u (i32.const 128))')}
    (if (i32.eq (i32.load8_u (i32.const 128)) (i32.const 1)) (then
      ${push32('(i32.load8_u (i32.add (i32.const 128) (local.get $at)))')}
      (if (i32.eqz (i32.load8_u (i32.add (i32.const 128) (local.get $at)))) (then
        (i32.store (i32.const 252) (i32.load offset=4 (i32.add (i32.const 128) (local.get $at)))))))))
  (func $step (param $op i64) (param $a i64) (param $b i64)
    ${names.map((name, i) => `(if (i64.eq (local.get $op) (i64.const ${i})) (then ${OPS[name]}))`).join('\n    ')})
  (func (export "run") (param $at i32) (param $n i32) (result i32)
    (global.set $pushed (i32.const 0))
    (block (loop
      (br_if 1 (i32.eqz (local.get $n)))
      (call $step (i64.load (local.get $at)) (i64.load offset=8 (local.get $at)) (i64.load offset=16 (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 24)))
      (local.set $n (i32.sub (local.get $n) (i32.const 3)))
      (br 0)))
    (i32.store (i32.const 64) (i32.const 8192))
    (i32.store (i32.const 68) (global.get $pushed))
    (i32.const 64))
  (func (export "cabi_post_run") (param i32) (global.set $next (i32.const 65536)))
  (func (export "lend") (param $c i32) (result i32) (local $n i32)
    (local.set $n (call $bump (local.get $c) (i32.const 1)))
    (call $drop-counter (local.get $c))
    (local.get $n)))`

/** A guest that does what its argument says. */
export function scriptGuest(): Promise<Uint8Array> {
  return fromCore(WAT, WIT, 'script')
}

/** The argument for `run`. */
export function script(...steps: readonly Step[]): BigUint64Array {
  return BigUint64Array.from(
    steps.flatMap(([op, x = 0, y = 0]) => [BigInt(names.indexOf(op)), BigInt(x), BigInt(y)]),
  )
}
