/** Core modules become those of the engine. */
import { ComponentError } from './errors.ts'
import { meter } from './meter/meter.ts'

/** Compiles the bytes of a module. */
export type Compile = (bytes: Uint8Array<ArrayBuffer>) => Promise<WebAssembly.Module>

/** Up to so many bytes the engine compiles sooner than another thread is told to, wherever it runs. */
const SMALL = 4096

/** Compiles a module that nobody has compiled before. */
export const compileAnew: Compile = async (bytes) =>
  bytes.length <= SMALL ? new WebAssembly.Module(bytes) : WebAssembly.compile(bytes)

/** Compiles a module. @throws ComponentError with that code */
export async function compile(
  bytes: Uint8Array,
  code: 'meter-failed' | 'invalid-core',
  by = compileAnew,
): Promise<WebAssembly.Module> {
  try {
    return await by(bytes as Uint8Array<ArrayBuffer>)
  } catch (cause) {
    const how = code === 'meter-failed' ? ` as the meter ${meter.name} ${meter.version} wrote it` : ''
    throw new ComponentError(code, `A core module does not compile${how}.`, { cause })
  }
}
