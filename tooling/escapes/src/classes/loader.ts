/** What a component's bytes do to whoever loads them. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Component,
  diskCache,
  type LoadOptions,
  loadComponent,
  type Prepared,
  workerTranspiler,
} from '@theater/component/node'
import type { ComponentModel } from '@theater/values'
import {
  deep,
  doubling,
  instanceTypes,
  largeFunctions,
  leb,
  nestedShims,
  resourceNamed,
  section,
  shadow,
  withCoreName,
} from '@theater/guests/hostile'
import { kitGuest } from '@theater/guests/kit'
import { assemble } from '@theater/guests/wat'
import { codeOf, type Escape, type Outcome, stopped, through, variants } from '../escape.ts'

const transpiler = workerTranspiler({ idleMs: 500 })

/** Code that gets at the global object by way of any function. */
const code = `(()=>{}).constructor('globalThis.pwned=1')()`

/** Loads and prepares a component; what comes of it then, or what it was stopped with. */
async function loads(
  source: string | Uint8Array,
  then: (prepared: Prepared, model: ComponentModel) => Outcome | Promise<Outcome> = () =>
    through('it was loaded'),
  options: LoadOptions = {},
): Promise<Outcome> {
  const bytes = typeof source === 'string' ? await assemble(source) : source
  let component: Component
  let prepared: Prepared
  try {
    component = await loadComponent(bytes, { transpiler, ...options })
    prepared = await component.prepare({ mode: 'sync' })
  } catch (error) {
    return stopped(codeOf(error))
  }
  return then(prepared, component.model)
}

/** Instantiates it with nothing behind its imports: whether the code in a name ran. */
function ran(prepared: Prepared): Outcome {
  try {
    const instance = prepared.instantiateSync({
      resources: prepared.newResources(),
      functions: {},
      drop() {},
    })
    instance.functions['f']?.()
  } catch {
    // Once its code ran, all else is of no interest.
  }
  if (!Object.hasOwn(globalThis, 'pwned')) return stopped('nothing ran')
  Reflect.deleteProperty(globalThis, 'pwned')
  return through('its code ran in the host')
}

/** Calls an export that answers what it is given, unless something else has its name. */
function stoodIn(prepared: Prepared, name: string): Outcome {
  try {
    const { functions } = prepared.instantiateSync({
      resources: prepared.newResources(),
      functions: {},
      drop() {},
    })
    return functions[name]?.(5) === 5 ? stopped('it is not called') : through('the glue calls the guest')
  } catch (error) {
    return through(`the glue calls the guest: ${String(error)}`)
  }
}

/** A component whose functions take a list each of a type that doubles. */
const taking = (times: number, functions: number): string => `(component
  (type $t0 (tuple u8)) ${doubling((t) => `(tuple ${t} ${t})`, times)}
  (type $list (list $t${times}))
  (core module $m (memory (export "mem") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0)) (func (export "f") (param i32 i32)))
  (core instance $i (instantiate $m))
  (alias core export $i "mem" (core memory $mem))
  (alias core export $i "r" (core func $r))
  (type $T (func (param "x" $list)))
  ${Array.from(
    { length: functions },
    (_, i) => `(func (export "f${i}") (type $T) (canon lift (core func $i "f") (memory $mem) (realloc $r)))`,
  ).join('')})`

/** Names that lead out of a package, a version, or the component. */
const strange = [
  '(component (import "url=<https://a.b>" (func)))',
  '(component (import "integrity=<sha256-AAAA>" (func)))',
  '(component (import "locked-dep=<a:b@1.0.0>" (func)))',
  '(component (import "relative-url=<./a>" (func)))',
  '(component (import "a:b/../../c" (instance)))',
  '(component (import "a:b/*" (instance)))',
]

export const escapes: readonly Escape[] = [
  {
    id: 'loader/code-in-a-core-export',
    class: 'loader',
    guard: 'core-names',
    code: 'bad-name',
    attempt: () => {
      const ends = ["']", "\\\\']", '`]', '</script>', '\\u{2028}', '\\0a']
      return variants(
        ends.map((end) => `x${end};${code};//`),
        (name) => loads(withCoreName(name), ran),
      )
    },
  },
  {
    id: 'loader/code-in-a-core-import',
    class: 'loader',
    guard: 'core-names',
    code: 'bad-name',
    attempt: () => {
      const name = `x': {}}),${code}//`
      const own = (module: string, field: string): string => `(component
        (core module $e (func (export "${field}")))
        (core instance $e (instantiate $e))
        (core module $m (import "${module}" "${field}" (func)))
        (core instance (instantiate $m (with "${module}" (instance (export "${field}" (func $e "${field}")))))))`
      return variants(
        [own(`x':{},[${code}]:{},'y`, 'f'), own('m', `f':0,[${code}]:0,'g`), own('m', name)],
        (wat) => loads(wat, ran),
      )
    },
  },
  {
    id: 'loader/code-in-bytes-changed-after-the-check',
    class: 'loader',
    guard: 'own-bytes',
    code: 'nothing ran',
    // Whoever gives the bytes keeps them, and writes into them once they have been checked.
    attempt: async () => {
      const evil = await assemble(withCoreName(`x'];${code};//`))
      const name = new TextEncoder().encode(`x'];${code};//`)
      const text = new TextDecoder('latin1')
      const bytes = evil.slice()
      for (let at = text.decode(bytes).indexOf(`x']`); at >= 0; at = text.decode(bytes).indexOf(`x']`))
        bytes.fill(0x61, at, at + name.length)
      const component = await loadComponent(bytes, { transpiler })
      bytes.set(evil)
      try {
        return ran(await component.prepare({ mode: 'sync' }))
      } catch (error) {
        return stopped(codeOf(error))
      }
    },
  },
  {
    id: 'loader/an-import-by-url',
    class: 'loader',
    guard: 'extern-names',
    code: 'bad-name',
    // Some of them panic jco; the others get to whoever makes a path of them.
    attempt: () =>
      variants(strange, async (wat) => {
        try {
          await (await loadComponent(await assemble(wat), { transpiler })).prepare({ mode: 'sync' })
          return through('it was loaded')
        } catch (error) {
          const panicked = error instanceof Error && /panicked/.test(error.message)
          return panicked ? through('jco panicked') : stopped(codeOf(error))
        }
      }),
  },
  {
    id: 'loader/an-import-bound-to-globals',
    class: 'loader',
    guard: 'globals-namespace',
    code: 'bad-name',
    attempt: () => {
      const wat = `(component
        (import "webidl:pkg/global-console@1.0.0" (instance $c (export "log" (func (param "x" u32)))))
        (core func $log (canon lower (func $c "log")))
        (core module $m (import "c" "log" (func $log (param i32))) (func (export "f") (call $log (i32.const 7))))
        (core instance $i (instantiate $m (with "c" (instance (export "log" (func $log))))))
        (func (export "f") (canon lift (core func $i "f"))))`
      return loads(wat, () => through('it is bound to the console of the host'))
    },
  },
  {
    id: 'loader/two-versions-that-are-one',
    class: 'loader',
    guard: 'import-map',
    code: 'each got its own',
    attempt: () => {
      const wat = `(component
        (import "a:b/c@0.1.0" (instance $one (export "x" (func (result u32)))))
        (import "a:b/c@0.2.0" (instance $two (export "x" (func (result u32)))))
        (core func $x (canon lower (func $one "x")))
        (core func $y (canon lower (func $two "x")))
        (core module $m (import "i" "x" (func $x (result i32))) (import "i" "y" (func $y (result i32)))
          (func (export "f") (result i32) (i32.add (i32.mul (call $x) (i32.const 10)) (call $y))))
        (core instance $i (instantiate $m (with "i" (instance (export "x" (func $x)) (export "y" (func $y))))))
        (func (export "f") (result u32) (canon lift (core func $i "f"))))`
      return loads(wat, (prepared) => {
        const functions = { 'a:b/c@0.1.0#x': () => 1, 'a:b/c@0.2.0#x': () => 2 }
        try {
          const host = { resources: prepared.newResources(), functions, drop() {} }
          const answer = prepared.instantiateSync(host).functions['f']?.()
          return answer === 12
            ? stopped('each got its own')
            : through(`the other version answered: ${String(answer)}`)
        } catch (error) {
          return through(`they were merged: ${String(error)}`)
        }
      })
    },
  },
  {
    id: 'loader/an-export-that-stands-in-for-a-helper-of-the-glue',
    class: 'loader',
    guard: 'glue-scopes',
    code: 'glue-rejected',
    attempt: () =>
      variants(['to-uint32', 'create-new-current-task', 'get-or-create-async-state'], (name) =>
        loads(shadow(name), (prepared) => stoodIn(prepared, name)),
      ),
  },
  {
    id: 'loader/a-resource-that-stands-in-for-a-class-of-the-language',
    class: 'loader',
    guard: 'glue-language',
    code: 'glue-rejected',
    attempt: () =>
      variants(['map', 'promise', 'symbol'], (name) =>
        loads(resourceNamed(name), () => through(`${name} is the guest's own`)),
      ),
  },
  {
    id: 'loader/a-method-that-makes-a-promise-of-its-object',
    class: 'loader',
    guard: 'thenable',
    code: 'unsupported',
    attempt: () =>
      loads(
        `(component (import "a:b/c" (instance (export "r" (type $r (sub resource)))
          (export "[method]r.then" (func (param "self" (borrow $r)))))))`,
        async (prepared, { imports }) => {
          const resources = prepared.newResources()
          const [type] = imports[0]?.resources ?? []
          if (type === undefined) throw new Error('it imports a resource')
          const { promise, resolve } = Promise.withResolvers<Outcome>()
          const functions = {
            'a:b/c#[method]r.then': () => resolve(through('whoever awaits its object calls the guest')),
          }
          prepared.instantiateSync({ resources, functions, drop() {} })
          void Promise.resolve(resources.wrapHost(type, 1)).then(() => resolve(stopped('nothing was called')))
          return promise
        },
      ),
  },
  {
    id: 'loader/a-static-function-that-classes-have',
    class: 'loader',
    guard: 'class-properties',
    code: 'unsupported',
    attempt: () => {
      const wat = (name: string): string =>
        `(component (import "a:b/c" (instance (export "r" (type (sub resource))) (export "[static]r.${name}" (func)))))`
      return variants(['prototype', 'name'], (name) =>
        loads(wat(name), (prepared) => {
          const functions = { [`a:b/c#[static]r.${name}`]: () => undefined }
          try {
            prepared.instantiateSync({ resources: prepared.newResources(), functions, drop() {} })
            return through(`the class has another ${name}`)
          } catch (error) {
            return through(`the host fails: ${String(error)}`)
          }
        }),
      )
    },
  },
  {
    id: 'loader/types-that-double',
    class: 'loader',
    guard: 'type-size',
    code: 'too-large',
    attempt: () =>
      variants(
        [
          largeFunctions(12, 1),
          `(component (type $t0 (tuple u8)) ${doubling((t) => `(variant (case "a" ${t}) (case "b" ${t}))`, 13)})`,
        ],
        loads,
      ),
  },
  {
    id: 'loader/many-functions-of-a-large-type',
    class: 'loader',
    guard: 'type-sum',
    code: 'too-large',
    attempt: () => loads(largeFunctions(10, 20)),
  },
  {
    id: 'loader/glue-without-end',
    class: 'loader',
    guard: 'glue-size',
    code: 'too-large',
    attempt: () => loads(taking(9, 4), undefined, { limits: { glueChars: 100_000 } }),
  },
  {
    id: 'loader/a-type-nested-in-itself',
    class: 'loader',
    guard: 'type-depth',
    code: 'too-deep',
    attempt: () => loads(`(component (type $t0 (tuple u8)) ${doubling((t) => `(option ${t})`, 90)})`),
  },
  {
    id: 'loader/instance-types-that-double',
    class: 'loader',
    guard: 'evaluation-steps',
    code: 'too-large',
    success: 'hang',
    attempt: () =>
      loads(`(component (type $i0 (instance)) ${instanceTypes(30)} (import "a:b/c" (instance (type $i30))))`),
  },
  {
    id: 'loader/shims-that-double',
    class: 'loader',
    guard: 'components-instantiated',
    code: 'too-large',
    attempt: () => loads(nestedShims(9)),
  },
  {
    id: 'loader/components-nested',
    class: 'loader',
    guard: 'component-depth',
    code: 'too-deep',
    attempt: () => loads(deep('(component ', 90)),
  },
  {
    id: 'loader/ten-thousand-modules',
    class: 'loader',
    guard: 'module-count',
    code: 'too-large',
    attempt: () => loads(`(component ${'(core module)'.repeat(900)})`),
  },
  {
    id: 'loader/modules-of-many-bytes',
    class: 'loader',
    guard: 'module-bytes',
    code: 'too-large',
    attempt: () => {
      const data = `(core module (memory 2) (data (i32.const 0) "${'a'.repeat(60_000)}"))`
      return loads(`(component ${data.repeat(3)})`, undefined, { limits: { moduleBytes: 150_000 } })
    },
  },
  {
    id: 'loader/a-component-of-many-bytes',
    class: 'loader',
    guard: 'component-bytes',
    code: 'too-large',
    // A custom section may have any content, and costs nothing to write.
    attempt: () => loads(section(0, new Uint8Array(200_000)), undefined, { limits: { bytes: 100_000 } }),
  },
  {
    id: 'loader/a-name-without-end',
    class: 'loader',
    guard: 'name-bytes',
    code: 'too-large',
    attempt: () => loads(withCoreName('x'.repeat(600))),
  },
  {
    id: 'loader/functions-without-end',
    class: 'loader',
    guard: 'function-count',
    code: 'too-large',
    attempt: () => {
      const functions = Array.from({ length: 2100 }, (_, i) => `(export "f${i}" (func))`).join('')
      return loads(`(component (import "a:b/c" (instance ${functions})))`)
    },
  },
  {
    id: 'loader/definitions-without-end',
    class: 'loader',
    guard: 'definition-count',
    code: 'too-large',
    attempt: () => {
      const count = 70_000
      const content = new Uint8Array(count)
      content.fill(0x7d)
      return loads(section(7, [...leb(count), ...content]), undefined, {})
    },
  },
  {
    id: 'loader/shared-memory',
    class: 'loader',
    guard: 'no-threads',
    code: 'unsupported',
    attempt: () => {
      const wat = `(component
        (core module $m (memory (export "mem") 1 1 shared) (func (export "f") (result i32)
          (i32.load (i32.const 0))))
        (core instance $i (instantiate $m))
        (func (export "f") (result u32) (canon lift (core func $i "f"))))`
      return loads(wat, () => through('two threads can share its memory'))
    },
  },
  {
    id: 'loader/a-module-that-is-not-valid',
    class: 'loader',
    guard: 'engine',
    code: 'invalid-core',
    attempt: () => loads('(component (core module (func (result i32) i64.const 0)))'),
  },
  {
    id: 'loader/a-component-that-takes-long',
    class: 'loader',
    guard: 'transpile-time',
    code: 'transpile-timeout',
    attempt: () => loads(kitGuest('kit-counter'), undefined, { limits: { transpileMs: 1 } }),
  },
  {
    id: 'loader/a-component-that-takes-memory',
    class: 'loader',
    guard: 'transpile-memory',
    code: 'transpile-failed',
    attempt: () => loads(kitGuest('kit-counter'), undefined, { limits: { transpileMb: 24 } }),
  },
  {
    id: 'loader/a-cache-that-somebody-sent',
    class: 'loader',
    guard: 'cache-seals',
    code: 'nothing ran',
    attempt: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'theater-escapes-'))
      try {
        const theirs = join(folder, 'theirs')
        await loads(PLAIN, undefined, { cache: await diskCache(theirs) })
        await plant(theirs)
        // As an archive of it is unpacked, with its key.
        const here = join(folder, 'here')
        await mkdir(here, { mode: 0o700 })
        for (const name of await readdir(theirs))
          await writeFile(join(here, name), await readFile(join(theirs, name)), { mode: 0o600 })
        return await loads(PLAIN, ran, { cache: await diskCache(here) })
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  },
]

const PLAIN =
  '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))'

/** Puts code into what a cache keeps, sealed as whoever has its key can. */
async function plant(folder: string): Promise<void> {
  const { seal } = await diskCache(folder)
  const begins = '(function instantiate'
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const was = await readFile(path)
    const at = was.indexOf(begins)
    if (at < 0 || seal === undefined) continue
    const planted = `(${code}, ${begins.slice(1)}`
    const now = Buffer.concat([was.subarray(0, at), Buffer.from(planted), was.subarray(at + begins.length)])
    // Behind the magic line and the seal: how long the JavaScript is.
    now.writeUInt32BE(now.readUInt32BE(SEALED) + planted.length - begins.length, SEALED)
    now.set(seal(now.subarray(SEALED)), SEALED - 32)
    await writeFile(path, now)
  }
}

/** Where in an entry begins what is sealed. */
const SEALED = 58
