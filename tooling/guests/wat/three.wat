;; Three crossings in one call, as little work as possible in between: for measuring the boundary.
;;
;; call(n) gets a number under a key, puts number + n back under the same key, notes the sum, and answers it.
(component
  (import "test:three/host" (instance $host
    (export "get" (func (param "key" string) (result u32)))
    (export "put" (func (param "key" string) (param "value" u32)))
    (export "note" (func (param "value" u32)))
  ))
  (alias export $host "get" (func $get))
  (alias export $host "put" (func $put))
  (alias export $host "note" (func $note))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (core func $get' (canon lower (func $get) (memory $memory)))
  (core func $put' (canon lower (func $put) (memory $memory)))
  (core func $note' (canon lower (func $note)))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "host" "get" (func $get (param i32 i32) (result i32)))
    (import "host" "put" (func $put (param i32 i32 i32)))
    (import "host" "note" (func $note (param i32)))
    (data (i32.const 16) "balance")
    (func (export "call") (param $n i32) (result i32)
      (local $sum i32)
      (local.set $sum (i32.add (call $get (i32.const 16) (i32.const 7)) (local.get $n)))
      (call $put (i32.const 16) (i32.const 7) (local.get $sum))
      (call $note (local.get $sum))
      (local.get $sum))
  )
  (core instance $i (instantiate $m
    (with "libc" (instance $libc))
    (with "host" (instance
      (export "get" (func $get')) (export "put" (func $put')) (export "note" (func $note'))))))
  (func (export "call") (param "n" u32) (result u32) (canon lift (core func $i "call")))
)
