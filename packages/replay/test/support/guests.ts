import { assemble } from '@theater/guests/wat'

/**
 * One export for each thing that a re-run has to get right: draws from the seed, readings of the clock, waits for a
 * timer, a call that can be refused, recursion as deep as is asked for, a trap after a call, a handle that is dropped.
 */
const probe = `(component
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $p'))
    (export "pollable" (type $p (eq $p')))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
  (import "test:probe/host" (instance $host
    (export "thing" (type $t (sub resource)))
    (export "note" (func (param "n" u32)))
    (export "ask" (func (param "n" u32) (result (result u32 (error u32)))))
    (export "make" (func (result (own $t))))))
  (alias export $host "thing" (type $thing))
  (core module $libc (memory (export "memory") 1))
  (core instance $mem (instantiate $libc))
  (alias core export $mem "memory" (core memory $memory))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $unpoll (canon resource.drop $pollable))
  (core func $now (canon lower (func $clock "now")))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core func $draw (canon lower (func $random "get-random-u64")))
  (core func $note (canon lower (func $host "note")))
  (core func $ask (canon lower (func $host "ask") (memory $memory)))
  (core func $make (canon lower (func $host "make")))
  (core func $unmake (canon resource.drop $thing))
  (core module $m
    (import "mem" "memory" (memory 1))
    (import "h" "block" (func $block (param i32)))
    (import "h" "ready" (func $ready (param i32) (result i32)))
    (import "h" "unpoll" (func $unpoll (param i32)))
    (import "h" "now" (func $now (result i64)))
    (import "h" "after" (func $after (param i64) (result i32)))
    (import "h" "draw" (func $draw (result i64)))
    (import "h" "note" (func $note (param i32)))
    (import "h" "ask" (func $ask (param i32 i32)))
    (import "h" "make" (func $make (result i32)))
    (import "h" "unmake" (func $unmake (param i32)))
    (global $count (mut i32) (i32.const 0))
    (func (export "draw") (result i64) (call $draw))
    (func (export "now") (result i64) (call $now))
    (func (export "nap") (param $ns i64) (result i64) (local $p i32)
      (local.set $p (call $after (local.get $ns)))
      (drop (call $ready (local.get $p)))
      (call $block (local.get $p))
      (call $unpoll (local.get $p))
      (call $now))
    (func $deep (export "deep") (param $n i32) (result i32)
      (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 0))
        (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))))
    (func (export "note-trap") (param $n i32) (call $note (local.get $n)) unreachable)
    (func (export "note") (param $n i32) (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (call $note (local.get $n))
      (global.get $count))
    (func (export "ask") (param $n i32) (result i32)
      (call $ask (local.get $n) (i32.const 0))
      (i32.add (i32.mul (i32.load8_u (i32.const 0)) (i32.const 1000)) (i32.load (i32.const 4))))
    (func (export "make") (param $keep i32) (local $t i32)
      (local.set $t (call $make))
      (if (i32.eqz (local.get $keep)) (then (call $unmake (local.get $t)))))
  )
  (core instance $i (instantiate $m (with "mem" (instance $mem)) (with "h" (instance
    (export "block" (func $block)) (export "ready" (func $ready)) (export "unpoll" (func $unpoll))
    (export "now" (func $now)) (export "after" (func $after)) (export "draw" (func $draw)) (export "note" (func $note))
    (export "ask" (func $ask)) (export "make" (func $make)) (export "unmake" (func $unmake))))))
  (func (export "draw") (result u64) (canon lift (core func $i "draw")))
  (func (export "now") (result u64) (canon lift (core func $i "now")))
  (func (export "nap") (param "ns" u64) (result u64) (canon lift (core func $i "nap")))
  (func (export "deep") (param "n" u32) (result u32) (canon lift (core func $i "deep")))
  (func (export "note-trap") (param "n" u32) (canon lift (core func $i "note-trap")))
  (func (export "note") (param "n" u32) (result u32) (canon lift (core func $i "note")))
  (func (export "ask") (param "n" u32) (result u32) (canon lift (core func $i "ask")))
  (func (export "make") (param "keep" bool) (canon lift (core func $i "make")))
)`

/** Calls its host while it is instantiated: \`times\` times. */
const starter = (times: number): string => `(component
  (import "test:probe/host" (instance $host (export "note" (func (param "n" u32)))))
  (core func $note (canon lower (func $host "note")))
  (core module $m
    (import "h" "note" (func $note (param i32)))
    (func $start ${Array.from({ length: times }, (_, i) => `(call $note (i32.const ${i}))`).join(' ')})
    (start $start)
    (func (export "run")))
  (core instance $i (instantiate $m (with "h" (instance (export "note" (func $note))))))
  (func (export "run") (canon lift (core func $i "run")))
)`

/** The component of {@link probe}. */
export const probeComponent = (): Promise<Uint8Array> => assemble(probe)

/** The component of {@link starter}. */
export const starterComponent = (times: number): Promise<Uint8Array> => assemble(starter(times))

/** Answers what was put at an address by an earlier turn, and puts something there. */
export const keepingComponent = (): Promise<Uint8Array> =>
  assemble(`(component
    (core module $m (memory 1)
      (func (export "swap") (param $at i32) (param $to i32) (result i32)
        (i32.load8_u (i32.and (local.get $at) (i32.const 0xffff)))
        (i32.store8 (i32.and (local.get $at) (i32.const 0xffff)) (local.get $to))))
    (core instance $i (instantiate $m))
    (func (export "swap") (param "at" u32) (param "to" u32) (result u32) (canon lift (core func $i "swap"))))`)

/** Counts, and traps when it is told to. Of one that `drops` a segment there is no snapshot. */
export const countingComponent = (drops: boolean): Promise<Uint8Array> =>
  assemble(`(component
    (core module $m (memory 1) (data $d "abc") (global $n (mut i32) (i32.const 0))
      (func (export "count") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.store (i32.mul (global.get $n) (i32.const 64)) (global.get $n))
        (i32.load (i32.mul (global.get $n) (i32.const 64))))
      (func (export "fail") (global.set $n (i32.const 1000)) unreachable)
      (func ${drops ? '(data.drop $d)' : ''}))
    (core instance $i (instantiate $m))
    (func (export "count") (result u32) (canon lift (core func $i "count")))
    (func (export "fail") (canon lift (core func $i "fail"))))`)
