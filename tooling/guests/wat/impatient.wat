;; A guest that calls an import where nothing can wait, and catches what comes of it.
;;
;; `wait` is called in an exported constructor, in a destructor, and in an ordinary function. Each notes what `wait` answered, or 999 if
;; an exception was caught.
(component
  (import "test:impatient/host" (instance $host
    (export "wait" (func (result u32)))
    (export "note" (func (param "x" u32)))
  ))
  (core func $wait (canon lower (func $host "wait")))
  (core func $note (canon lower (func $host "note")))
  (core module $m
    (import "host" "wait" (func $wait (result i32)))
    (import "host" "note" (func $note (param i32)))
    (func $go (export "go")
      (block $done
        (block $catch
          (try_table (catch_all $catch) (call $note (call $wait)))
          (br $done))
        (call $note (i32.const 999))))
    (func (export "destroy") (param i32) (call $go))
  )
  (core instance $i (instantiate $m (with "host" (instance (export "wait" (func $wait)) (export "note" (func $note))))))
  (alias core export $i "destroy" (core func $destroy))
  (type $r (resource (rep i32) (dtor (core func $destroy))))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core module $n
    (import "own" "new" (func $new (param i32) (result i32)))
    (import "own" "drop" (func $drop (param i32)))
    (import "own" "go" (func $go))
    (func (export "construct") (result i32) (call $go) (call $new (i32.const 1)))
    (func (export "make") (result i32) (call $new (i32.const 1)))
    (func (export "make-and-drop")
      (block $done
        (block $catch
          (try_table (catch_all $catch) (call $drop (call $new (i32.const 1))))
          (br $done))
        (call $go)))
  )
  (core instance $j (instantiate $n (with "own" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "go" (func $i "go"))))))
  (func $construct (result (own $r)) (canon lift (core func $j "construct")))
  (func $make (result (own $r)) (canon lift (core func $j "make")))
  (func $make-and-drop (canon lift (core func $j "make-and-drop")))
  (component $shim
    (import "r" (type $r (sub resource)))
    (import "construct" (func $construct (result (own $r))))
    (import "make" (func $make (result (own $r))))
    (import "make-and-drop" (func $make-and-drop))
    (export $r' "r" (type $r))
    (export "[constructor]r" (func $construct) (func (result (own $r'))))
    (export "make" (func $make) (func (result (own $r'))))
    (export "make-and-drop" (func $make-and-drop))
  )
  (instance $out (instantiate $shim
    (with "r" (type $r)) (with "construct" (func $construct)) (with "make" (func $make))
    (with "make-and-drop" (func $make-and-drop))))
  (export "test:impatient/out" (instance $out))
  (func (export "go") (canon lift (core func $i "go")))
)
