;; What is there in a turn tells how old its instance is. While it is instantiated it asks its host, where it traps for a 0, takes a
;; resource that it never drops, draws, and reads the clock.
(component
  (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock (export "now" (func (result u64)))))
  (import "test:fresh/host" (instance $host
    (export "thing" (type $thing (sub resource)))
    (export "take" (func (result (own $thing))))
    (export "begin" (func (result u32)))
    (export "effect" (func (param "n" u32) (result u32)))
  ))
  (core func $draw (canon lower (func $random "get-random-u64")))
  (core func $now (canon lower (func $clock "now")))
  (core func $take (canon lower (func $host "take")))
  (core func $begin (canon lower (func $host "begin")))
  (core func $effect (canon lower (func $host "effect")))
  (core module $m
    (import "" "draw" (func $draw (result i64)))
    (import "" "now" (func $now (result i64)))
    (import "" "take" (func $take (result i32)))
    (import "" "begin" (func $begin (result i32)))
    (import "" "effect" (func $effect (param i32) (result i32)))
    (memory 1)
    (global $count (mut i32) (i32.const 0))
    (global $drawn (mut i64) (i64.const 0))
    (func $start
      (if (i32.eqz (call $begin)) (then unreachable))
      (drop (call $take))
      (global.set $drawn (call $draw))
      (drop (call $now)))
    (start $start)
    ;; Which turn of its instance this is, from 1.
    (func (export "count") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count))
    ;; What was drawn at the start, and what is drawn now.
    (func (export "drawn") (result i64) (global.get $drawn))
    (func (export "draw") (result i64) (call $draw))
    (func (export "now") (result i64) (call $now))
    ;; The handle of one more resource.
    (func (export "take") (result i32) (call $take))
    ;; As many effects, after which it counts.
    (func (export "effects") (param $n i32) (result i32)
      (local $i i32)
      (loop $again
        (drop (call $effect (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (global.get $count))
    (func (export "fail") unreachable)
  )
  (core instance $i (instantiate $m (with "" (instance
    (export "draw" (func $draw)) (export "now" (func $now)) (export "take" (func $take))
    (export "begin" (func $begin)) (export "effect" (func $effect))))))
  (func (export "count") (result u32) (canon lift (core func $i "count")))
  (func (export "drawn") (result u64) (canon lift (core func $i "drawn")))
  (func (export "draw") (result u64) (canon lift (core func $i "draw")))
  (func (export "now") (result u64) (canon lift (core func $i "now")))
  (func (export "take") (result u32) (canon lift (core func $i "take")))
  (func (export "effects") (param "n" u32) (result u32) (canon lift (core func $i "effects")))
  (func (export "fail") (canon lift (core func $i "fail")))
)
