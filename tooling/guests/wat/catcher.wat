;; A guest that catches whatever WebAssembly lets it catch, and goes on calling the host.
;;
;; Each export calls one import inside `try_table … catch_all`, then calls `survived` with 1 if something was caught
;; and 0 if the call returned, and answers that number. No host may see `survived(1)` after it ended this guest.
(component
  (import "test:trap/host" (instance $host
    (export "plain" (func))
    (export "fails" (func (result (result (error string)))))
    (export "answers" (func (result (result string (error string)))))
    (export "survived" (func (param "caught" u32)))
  ))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $next))
      (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
      (local.get $at))
  )
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $plain (canon lower (func $host "plain")))
  (core func $fails (canon lower (func $host "fails") (memory $memory) (realloc $realloc)))
  (core func $answers (canon lower (func $host "answers") (memory $memory) (realloc $realloc)))
  (core func $survived (canon lower (func $host "survived")))
  (core module $m
    (import "host" "plain" (func $plain))
    (import "host" "fails" (func $fails (param i32)))
    (import "host" "answers" (func $answers (param i32)))
    (import "host" "survived" (func $survived (param i32)))
    (func (export "try-plain") (result i32)
      (local $caught i32)
      (block $done
        (block $catch
          (try_table (catch_all $catch) (call $plain))
          (br $done))
        (local.set $caught (i32.const 1)))
      (call $survived (local.get $caught))
      (local.get $caught))
    (func (export "try-fails") (result i32)
      (local $caught i32)
      (block $done
        (block $catch
          (try_table (catch_all $catch) (call $fails (i32.const 64)))
          (br $done))
        (local.set $caught (i32.const 1)))
      (call $survived (local.get $caught))
      (local.get $caught))
    (func (export "try-answers") (result i32)
      (local $caught i32)
      (block $done
        (block $catch
          (try_table (catch_all $catch) (call $answers (i32.const 128)))
          (br $done))
        (local.set $caught (i32.const 1)))
      (call $survived (local.get $caught))
      (local.get $caught))
    (func $deep (export "recurse") (result i32) (i32.add (i32.const 1) (call $deep)))
    (func (export "try-recurse") (result i32)
      (local $caught i32)
      (block $done
        (block $catch
          (try_table (catch_all $catch) (drop (call $deep)))
          (br $done))
        (local.set $caught (i32.const 1)))
      (call $survived (local.get $caught))
      (local.get $caught))
    ;; Calls the import at each depth, so that the stack may end inside the host's own functions.
    (func $dig (result i32) (call $plain) (i32.add (i32.const 1) (call $dig)))
    (func (export "try-dig") (result i32)
      (local $caught i32)
      (block $done
        (block $catch
          (try_table (catch_all $catch) (drop (call $dig)))
          (br $done))
        (local.set $caught (i32.const 1)))
      (call $survived (local.get $caught))
      (local.get $caught))
  )
  (core instance $i (instantiate $m (with "host" (instance
    (export "plain" (func $plain))
    (export "fails" (func $fails))
    (export "answers" (func $answers))
    (export "survived" (func $survived))))))
  (func (export "try-plain") (result u32) (canon lift (core func $i "try-plain")))
  (func (export "try-fails") (result u32) (canon lift (core func $i "try-fails")))
  (func (export "try-answers") (result u32) (canon lift (core func $i "try-answers")))
  (func (export "recurse") (result u32) (canon lift (core func $i "recurse")))
  (func (export "try-dig") (result u32) (canon lift (core func $i "try-dig")))
  (func (export "try-recurse") (result u32) (canon lift (core func $i "try-recurse")))
)
