;; The spine: one function import, one imported resource, state that later turns depend on.
;;
;; run(n) makes a counter on its first turn (100), calls add(total, i) for each i below n and keeps what it answers as
;; total, then adds what counter.bump(n) answers to a sum in memory, and answers total + sum. boom() traps.
(component
  (import "test:spine/host" (instance $host
    (export "add" (func (param "a" u32) (param "b" u32) (result u32)))
    (export "counter" (type $counter (sub resource)))
    (export "[constructor]counter" (func (param "start" u32) (result (own $counter))))
    (export "[method]counter.bump" (func (param "self" (borrow $counter)) (param "by" u32) (result u32)))
  ))
  (alias export $host "add" (func $add))
  (alias export $host "[constructor]counter" (func $new))
  (alias export $host "[method]counter.bump" (func $bump))
  (core func $add' (canon lower (func $add)))
  (core func $new' (canon lower (func $new)))
  (core func $bump' (canon lower (func $bump)))
  (core module $m
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "bump" (func $bump (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (global $total (mut i32) (i32.const 0))
    (global $turns (mut i32) (i32.const 0))
    (global $counter (mut i32) (i32.const 0))
    (func (export "run") (param $n i32) (result i32)
      (local $i i32)
      (if (i32.eqz (global.get $turns)) (then (global.set $counter (call $new (i32.const 100)))))
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (global.set $total (call $add (global.get $total) (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $again)))
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (call $bump (global.get $counter) (local.get $n))))
      (i32.add (global.get $total) (i32.load (i32.const 0))))
    (func (export "boom") unreachable)
  )
  (core instance $i (instantiate $m (with "host" (instance
    (export "add" (func $add')) (export "new" (func $new')) (export "bump" (func $bump'))))))
  (func $run (param "n" u32) (result u32) (canon lift (core func $i "run")))
  (func $boom (canon lift (core func $i "boom")))
  (export "run" (func $run))
  (export "boom" (func $boom))
)
