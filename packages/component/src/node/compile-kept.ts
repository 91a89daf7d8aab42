import { setFlagsFromString } from 'node:v8'

/**
 * Compiles a module that this engine has accepted before: a function that it does not accept ends the process when it is called. It compiles each function when it is first called, and validates it then; to validate all of
 * an engine of twelve megabytes once more takes a host that starts longer than all else.
 *
 * The flag is the whole process's, and is read while this runs. What another thread compiles meanwhile is validated as late, and never not.
 */
export async function compileKept(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  setFlagsFromString('--wasm-lazy-validation')
  try {
    return new WebAssembly.Module(bytes)
  } finally {
    setFlagsFromString('--no-wasm-lazy-validation')
  }
}
