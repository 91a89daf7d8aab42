import { assemble, fromCore } from '@theater/guests/wat'

/** The length of a text that the guest's allocator traps for. */
export const FATAL_LENGTH = 13

const WIT = `package test:phases;
interface host { resource thing { id: func() -> u32; } note: func(); text: func() -> string; }
interface guest {
  enum two { first, second }
  resource item { constructor(id: u32); }
  count: func() -> u32;
  before: func();
  after: func();
  after-return: func() -> u32;
  take-text: func(s: string);
  get-text: func();
  drop-item: func(i: item);
  bad-pointer: func() -> string;
  bad-case: func() -> two;
  bad-char: func() -> char;
  bad-handle: func() -> u32;
  bad-argument: func();
}
world phases { import host; export guest; }`

const GUEST = 'test:phases/guest'

/** A guest that traps in every phase of a call. `count` says how many of its turns there were. */
const WAT = `(module
  (import "test:phases/host" "note" (func $note))
  (import "test:phases/host" "text" (func $text (param i32)))
  (import "test:phases/host" "[method]thing.id" (func $id (param i32) (result i32)))
  (import "[export]${GUEST}" "[resource-new]item" (func $item-new (param i32) (result i32)))
  (import "[export]${GUEST}" "[resource-drop]item" (func $item-drop (param i32)))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func $up (global.set $count (i32.add (global.get $count) (i32.const 1))))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.eq (local.get 3) (i32.const ${FATAL_LENGTH})) (then unreachable))
    (i32.const 1024))
  (func (export "${GUEST}#count") (result i32) (call $up) (global.get $count))
  (func (export "${GUEST}#before") (call $up) unreachable)
  (func (export "${GUEST}#after") (call $up) (call $note) unreachable)
  (func (export "${GUEST}#after-return") (result i32) (call $up) (call $note) (global.get $count))
  (func (export "cabi_post_${GUEST}#after-return") (param i32) unreachable)
  (func (export "${GUEST}#take-text") (param i32 i32) (call $up))
  (func (export "${GUEST}#get-text") (call $up) (call $text (i32.const 64)))
  (func (export "${GUEST}#[constructor]item") (param i32) (result i32) (call $item-new (local.get 0)))
  (func (export "${GUEST}#[dtor]item") (param i32) (if (i32.eq (local.get 0) (i32.const 9)) (then unreachable)))
  (func (export "${GUEST}#drop-item") (param i32) (call $up) (call $note) (call $item-drop (local.get 0)) (call $note))
  (func (export "${GUEST}#bad-pointer") (result i32)
    (i32.store (i32.const 32) (i32.const 0x7fffff00)) (i32.store (i32.const 36) (i32.const 100)) (i32.const 32))
  (func (export "${GUEST}#bad-case") (result i32) (i32.const 7))
  (func (export "${GUEST}#bad-char") (result i32) (i32.const 0xd800))
  (func (export "${GUEST}#bad-handle") (result i32) (call $id (i32.const 99)))
  (func (export "${GUEST}#bad-argument") (call $text (i32.const 0x7fffff00)))
)`

/** A guest that traps in every phase of a call. */
export function phasesGuest(): Promise<Uint8Array> {
  return fromCore(WAT, WIT, 'phases')
}

/** A guest whose start function calls the host: `note(n)` twice, and then traps where the second answer is 0. */
export function startingGuest(): Promise<Uint8Array> {
  return fromCore(
    `(module
      (import "test:start/host" "note" (func $note (param i32) (result i32)))
      (global $sum (mut i32) (i32.const 0))
      (func $start (local $answer i32)
        (global.set $sum (call $note (i32.const 1)))
        (local.set $answer (call $note (i32.const 2)))
        (if (i32.eqz (local.get $answer)) (then unreachable))
        (global.set $sum (i32.add (global.get $sum) (local.get $answer))))
      (start $start)
      (func (export "sum") (result i32) (global.get $sum)))`,
    `package test:start;
     interface host { note: func(n: u32) -> u32; }
     world start { import host; export sum: func() -> u32; }`,
    'start',
  )
}

/** A guest that sends a message: \`send(n)\` to \`other\`, and while it is instantiated where \`eager\` is set. */
export function sendingGuest(eager: boolean): Promise<Uint8Array> {
  return assemble(`(component
    (type $t (instance
      (type $message' (record (field "format" string) (field "body" (list u8))))
      (export "message" (type $message (eq $message')))))
    (import "theater:actor/types@0.1.0" (instance $types (type $t)))
    (alias export $types "message" (type $message))
    (import "theater:messaging/client@0.1.0" (instance $client
      (alias outer 1 $message (type $message'))
      (export "message" (type $message (eq $message')))
      (type $error' (variant (case "denied") (case "unknown-actor") (case "not-served") (case "too-large" u64)
        (case "outbox-full" u32)))
      (export "send-error" (type $error (eq $error')))
      (export "send" (func (param "to" string) (param "msg" $message) (result (result (error $error)))))))
    (import "test:send/host" (instance $host (export "effect" (func (param "n" u32) (result u32)))))
    (core module $libc
      (memory (export "memory") 1)
      (data (i32.const 16) "other") (data (i32.const 32) "text/plain"))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (core func $send (canon lower (func $client "send") (memory $memory)))
    (core func $effect (canon lower (func $host "effect")))
    (core module $m
      (import "" "memory" (memory 1))
      (import "" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32)))
      (import "" "effect" (func $effect (param i32) (result i32)))
      (func $say (param i32)
        (i32.store8 (i32.const 64) (local.get 0))
        (call $send (i32.const 16) (i32.const 5) (i32.const 32) (i32.const 10) (i32.const 64) (i32.const 1) (i32.const 128)))
      (func (export "say") (param i32) (call $say (local.get 0)))
      (func (export "say-then-do") (param i32) (result i32)
        (call $say (local.get 0))
        (call $effect (local.get 0)))
      (func (export "say-then-trap") (param i32) (call $say (local.get 0)) unreachable)
      ${eager ? '(func $start (call $say (i32.const 1))) (start $start)' : ''})
    (core instance $i (instantiate $m (with "" (instance
      (export "memory" (memory $memory)) (export "send" (func $send)) (export "effect" (func $effect))))))
    (func (export "say") (param "n" u32) (canon lift (core func $i "say")))
    (func (export "say-then-do") (param "n" u32) (result u32) (canon lift (core func $i "say-then-do")))
    (func (export "say-then-trap") (param "n" u32) (canon lift (core func $i "say-then-trap"))))`)
}
