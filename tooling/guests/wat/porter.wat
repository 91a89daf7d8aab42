;; The porter: exports whose arguments are resources of the host.
;;
;; weigh(parcel) answers parcel.weight() and drops the parcel; keep(parcel) holds on to it, and weigh-kept() answers the
;; weight of the one that was kept last; lift(parcel) weighs one that is only lent; drop-it(parcel) traps with it in hand.
(component
  (import "test:porter/parcels" (instance $host
    (export "parcel" (type $parcel (sub resource)))
    (export "[method]parcel.weight" (func (param "self" (borrow $parcel)) (result u32)))
  ))
  (alias export $host "parcel" (type $parcel))
  (alias export $host "[method]parcel.weight" (func $weight))
  (core func $weight' (canon lower (func $weight)))
  (core func $drop' (canon resource.drop $parcel))
  (core module $m
    (import "host" "weight" (func $weight (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "weigh") (param $parcel i32) (result i32)
      (local $weight i32)
      (local.set $weight (call $weight (local.get $parcel)))
      (call $drop (local.get $parcel))
      (local.get $weight))
    (func (export "keep") (param $parcel i32) (global.set $kept (local.get $parcel)))
    (func (export "weigh-kept") (result i32) (call $weight (global.get $kept)))
    (func (export "lift") (param $parcel i32) (result i32)
      (local $weight i32)
      (local.set $weight (call $weight (local.get $parcel)))
      (call $drop (local.get $parcel))
      (local.get $weight))
    (func (export "drop-it") (param i32) unreachable)
  )
  (core instance $i (instantiate $m (with "host" (instance
    (export "weight" (func $weight')) (export "drop" (func $drop'))))))
  (func $weigh (param "parcel" (own $parcel)) (result u32) (canon lift (core func $i "weigh")))
  (func $keep (param "parcel" (own $parcel)) (canon lift (core func $i "keep")))
  (func $weigh-kept (result u32) (canon lift (core func $i "weigh-kept")))
  (func $lift (param "parcel" (borrow $parcel)) (result u32) (canon lift (core func $i "lift")))
  (func $drop-it (param "parcel" (own $parcel)) (canon lift (core func $i "drop-it")))
  (instance $desk
    (export "weigh" (func $weigh))
    (export "keep" (func $keep))
    (export "weigh-kept" (func $weigh-kept))
    (export "lift" (func $lift))
    (export "drop-it" (func $drop-it)))
  (export "test:porter/desk" (instance $desk))
)
