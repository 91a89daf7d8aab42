import { fromCore } from '@theater/guests/wat'

/** The functions of the host that the guest calls, and how many core parameters each has. */
const HOST = { plain: 0, count: 0, total: 0, at: 1, fails: 1, answers: 1 } as const

/** A function of the host. */
export type Called = keyof typeof HOST

const WIT = `package test:laws;
interface host {
  record point { x: u32, name: string }
  enum problem { small, large }
  plain: func();
  count: func() -> u8;
  total: func() -> u64;
  at: func() -> point;
  fails: func() -> result<_, string>;
  answers: func() -> result<u8, problem>;
  survived: func(caught: u32);
}
world laws {
  import host;
  ${Object.keys(HOST)
    .map((name) => `export try-${name}: func() -> u32;`)
    .join('\n  ')}
}`

const core: Record<Called, string> = {
  plain: '(func $plain)',
  count: '(func $count (result i32))',
  total: '(func $total (result i64))',
  at: '(func $at (param i32))',
  fails: '(func $fails (param i32))',
  answers: '(func $answers (param i32))',
}

/** Each `try-` export calls one import, catches whatever WebAssembly lets it catch, then says whether it caught anything. */
const WAT = `(module
  ${Object.entries(core)
    .map(([name, type]) => `(import "test:laws/host" "${name}" ${type})`)
    .join('\n  ')}
  (import "test:laws/host" "survived" (func $survived (param i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
    (local.get $at))
  ${Object.entries(HOST)
    .map(([name, params]) => {
      const call = `(call $${name}${params === 1 ? ' (i32.const 64)' : ''})`
      return `(func (export "try-${name}") (result i32) (local $caught i32)
    (block $done
      (block $catch
        (try_table (catch_all $catch) ${name === 'count' || name === 'total' ? `(drop ${call})` : call})
        (br $done))
      (local.set $caught (i32.const 1)))
    (call $survived (local.get $caught))
    (local.get $caught))`
    })
    .join('\n  ')}
)`

/** A guest that goes on where it can. */
export function catchingGuest(): Promise<Uint8Array> {
  return fromCore(WAT, WIT, 'laws')
}
