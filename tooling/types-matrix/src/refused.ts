/** Types that no component may have: each is refused by name before anything runs. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import { ComponentError, loadComponent } from '@theater/component'
import type { Transpiler } from '@theater/component'

/** A type and what its refusal has to say. */
interface RefusedType {
  readonly name: string
  readonly wat: string
  readonly says: RegExp
}

const flags = (n: number): string => `(flags ${Array.from({ length: n }, (_, i) => `"b${i}"`).join(' ')})`

const REFUSED: readonly RefusedType[] = [
  // WASI 0.3, and what has not come into use.
  { name: 'stream<u8>', wat: '(stream u8)', says: /stream types/ },
  { name: 'stream', wat: '(stream)', says: /stream types/ },
  { name: 'future<u8>', wat: '(future u8)', says: /future types/ },
  { name: 'error-context', wat: 'error-context', says: /error-context/ },
  { name: 'map<string, u8>', wat: '(map string u8)', says: /map types/ },
  { name: 'list<u8, 4>', wat: '(list u8 4)', says: /lists of fixed length/ },
  // What the component model itself rules out.
  { name: 'record of 0 fields', wat: '(record)', says: /record type must have at least one field/ },
  { name: 'tuple of 0', wat: '(tuple)', says: /tuple type must have at least one type/ },
  { name: 'variant of 0 cases', wat: '(variant)', says: /variant type must have at least one case/ },
  { name: 'enum of 0', wat: '(enum)', says: /enum type must have at least one variant/ },
  { name: 'flags of 0', wat: flags(0), says: /flags must have at least one entry/ },
  { name: 'flags of 33', wat: flags(33), says: /more than 32 flags/ },
  { name: 'flags of 64', wat: flags(64), says: /more than 32 flags/ },
]

/** Tries to load a component with each of them; answers the name and what was wrong, or said. */
export async function* refusals(
  transpiler: Transpiler,
): AsyncGenerator<{ readonly name: string; readonly refused: boolean; readonly detail: string }> {
  for (const { name, wat, says } of REFUSED) {
    const said = await refusalOf(componentWith(wat), transpiler)
    yield { name, refused: said !== undefined && says.test(said), detail: said ?? 'it was not refused' }
  }
}

/** A component that imports a function with a parameter of the type. */
function componentWith(type: string): string {
  return `(component (import "test:matrix/refused" (instance
    (type $t ${type}) (export "t" (type $e (eq $t))) (export "f" (func (param "x" $e))))))`
}

async function refusalOf(wat: string, transpiler: Transpiler): Promise<string | undefined> {
  try {
    const component = await loadComponent(await parse(wat), { transpiler })
    await component.prepare({ mode: 'sync' })
    return undefined
  } catch (error) {
    if (ComponentError.is(error)) return `${error.code}: ${error.message.replaceAll(/\s+/g, ' ')}`
    throw error
  }
}
