/** From the text format to bytes. Only for building guests: jco's tools are slow to start. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'

/** Assembles a component, or a core module, from its text. Throws with the place of the error. */
export async function assemble(text: string): Promise<Uint8Array> {
  return parse(text)
}
