/** From text to bytes. Only for building guests, and for tests of hostile ones: jco's tools are slow to start. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools'

/** Assembles a component, or a core module, from its text format. Nothing is validated beyond the syntax. */
export async function assemble(text: string): Promise<Uint8Array> {
  return parse(text)
}

/** Makes a component of a WIT world whose functions do nothing useful: for tests of types. */
export async function fromWit(wit: string, world: string): Promise<Uint8Array> {
  const core = await componentEmbed({ dummy: true, witSource: wit, world })
  return componentNew(core, [])
}

/** Makes a component of a core module in the text format and the WIT world that it is written for. */
export async function fromCore(wat: string, wit: string, world: string): Promise<Uint8Array> {
  const core = await componentEmbed({ binary: await parse(wat), witSource: wit, world })
  return componentNew(core, [])
}
