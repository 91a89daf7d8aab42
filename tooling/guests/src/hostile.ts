/** Components made to harm whoever loads them, as text for `assemble` or as bytes. */

/** A component with one export whose core function has this name. */
export function withCoreName(name: string): string {
  return `(component
    (core module $m (func (export "${name}")))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "${name}"))))`
}

/** Types `$t1`, `$t2` and so on, each made of the one before it; `$t0` is not among them. */
export function doubling(definition: (inner: string) => string, times: number): string {
  return Array.from({ length: times }, (_, i) => `(type $t${i + 1} ${definition(`$t${i}`)})`).join('\n')
}

/** Instance types `$i1`, `$i2` and so on, each with two of the one before it; `$i0` is not among them. */
export function instanceTypes(times: number): string {
  return Array.from(
    { length: times },
    (_, i) =>
      `(type $i${i + 1} (instance
         (export "a" (instance (type $i${i}))) (export "b" (instance (type $i${i})))))`,
  ).join('\n')
}

/** A component that instantiates a component twice, which instantiates one twice, and so on. */
export function nestedShims(times: number): string {
  let inner = '(component $c0)'
  for (let i = 1; i <= times; i++) {
    inner = `(component $c${i} ${inner} (instance (instantiate $c${i - 1})) (instance (instantiate $c${i - 1})))`
  }
  return `(component ${inner} (instance (instantiate $c${times})))`
}

/** One thing inside another, so many times. */
export function deep(open: string, times: number): string {
  return `${open.repeat(times)}${')'.repeat(times)}`
}

/** Functions of a large type each. */
export function largeFunctions(doublings: number, functions: number): string {
  return `(component (type $t0 (tuple u8)) ${doubling((t) => `(tuple ${t} ${t})`, doublings)}
    (import "a:b/c" (instance (alias outer 1 $t${doublings} (type $t))
      ${Array.from({ length: functions }, (_, i) => `(export "f${i}" (func (param "x" $t)))`).join('')})))`
}

/** An exported function that jco would name like one of its own helpers. It answers what it is given. */
export function shadow(name: string): string {
  return `(component
    (core module $m (func (export "f") (param i32) (result i32) local.get 0))
    (core instance $i (instantiate $m))
    (func (export "${name}") (param "x" u32) (result u32) (canon lift (core func $i "f"))))`
}

/** Makes a resource of the host's with this name, and asks it for a number. */
export function resourceNamed(name: string): string {
  return `(component
    (import "a:b/c" (instance $c (export "${name}" (type $r (sub resource)))
      (export "[constructor]${name}" (func (param "x" u32) (result (own $r))))
      (export "[method]${name}.get" (func (param "self" (borrow $r)) (result u32)))))
    (core func $new (canon lower (func $c "[constructor]${name}")))
    (core func $get (canon lower (func $c "[method]${name}.get")))
    (core module $m
      (import "c" "new" (func $new (param i32) (result i32))) (import "c" "get" (func $get (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $get (call $new (local.get 0)))))
    (core instance $i (instantiate $m (with "c" (instance (export "new" (func $new)) (export "get" (func $get))))))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))`
}

/** An unsigned LEB128. */
export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))]
}

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]

/** A component of one section. */
export function section(id: number, content: readonly number[] | Uint8Array): Uint8Array {
  return Uint8Array.from([...preamble, id, ...leb(content.length), ...content])
}
