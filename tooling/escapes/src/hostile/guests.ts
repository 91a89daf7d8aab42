/** What a guest of one core module is made of. */
interface Core {
  /** Functions of `attack:host/api`: name, type, and core type. */
  readonly imports?: readonly (readonly [name: string, type: string, core: string])[]
  /** Pages of memory that imports and exports are lowered with. @default none */
  readonly memory?: number
  /** The functions of the module; it has memory 0 where there is one. */
  readonly code: string
  /** Exports of the component, of the core instance `$i`. */
  readonly exports: readonly string[]
}

/** A component of one core module, whose host is `attack:host/api`. */
export function core({ imports = [], memory, code, exports }: Core): string {
  const options = memory === undefined ? '' : ' (memory $memory)'
  const declared = imports.map(([name, type]) => `(export "${name}" ${type})`).join(' ')
  const lowered = imports.map(([name]) => `(core func $${name} (canon lower (func $h "${name}")${options}))`)
  const imported = imports.map(([name, , type]) => `(import "h" "${name}" (func $${name} ${type}))`)
  const given = imports.map(([name]) => `(export "${name}" (func $${name}))`).join(' ')
  return `(component
    ${imports.length === 0 ? '' : `(import "attack:host/api" (instance $h ${declared}))`}
    ${
      memory === undefined
        ? ''
        : `(core module $mem (memory (export "memory") ${memory}))
    (core instance $mi (instantiate $mem))
    (alias core export $mi "memory" (core memory $memory))`
    }
    ${lowered.join('\n    ')}
    (core module $m
      ${imported.join('\n      ')}
      ${memory === undefined ? '' : '(import "m" "memory" (memory 1))'}
      ${code})
    (core instance $i (instantiate $m
      ${imports.length === 0 ? '' : `(with "h" (instance ${given}))`}
      ${memory === undefined ? '' : '(with "m" (instance $mi))'}))
    ${exports.join('\n    ')})`
}

/** A guest whose `send` gives its host a list of the same few bytes, again and again. */
export function repeated(element: string, count: number, length: number): string {
  return `(component
    (type $e ${element})
    (import "attack:host/api" (instance $h
      (alias outer 1 $e (type $f)) (export "e" (type $g (eq $f)))
      (export "take" (func (param "a" (list $g))))))
    (core module $mem (memory (export "memory") 64))
    (core instance $mi (instantiate $mem))
    (alias core export $mi "memory" (core memory $memory))
    (core func $take (canon lower (func $h "take") (memory $memory)))
    (core module $m
      (import "h" "take" (func $take (param i32 i32)))
      (import "m" "memory" (memory 1))
      (func (export "send") (local $i i32)
        (loop $fill
          (i32.store (i32.add (i32.const 65540) (i32.mul (local.get $i) (i32.const 8))) (i32.const ${length}))
          (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))
        (call $take (i32.const 65536) (i32.const ${count}))))
    (core instance $i (instantiate $m (with "h" (instance (export "take" (func $take)))) (with "m" (instance $mi))))
    (func (export "send") (canon lift (core func $i "send"))))`
}
