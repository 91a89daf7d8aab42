import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transpile } from '@bytecodealliance/jco'
import type { Subject } from './measure.ts'

type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: object,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => unknown

/** The same component as jco itself would run it: its own options, its own glue. */
export async function stockJco(
  bytes: Uint8Array,
  imports: object,
  call: (exports: never) => void,
): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-stock-'))
  const { files } = (await transpile(bytes, { name: 'stock', instantiation: 'sync' })) as {
    files: Record<string, Uint8Array>
  }
  const modules = new Map<string, WebAssembly.Module>()
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    if (name.endsWith('.wasm')) modules.set(name, new WebAssembly.Module(Buffer.from(content)))
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const glue = (await import(pathToFileURL(join(folder, 'stock.js')).href)) as { instantiate: Instantiate }
  const exports = glue.instantiate(
    (path) => {
      const module = modules.get(path)
      if (module === undefined) throw new Error(`no module ${path}`)
      return module
    },
    imports,
    (module, coreImports) => new WebAssembly.Instance(module, coreImports),
  )
  return {
    name: 'stock jco',
    run: (n) => {
      for (let i = 0; i < n; i++) call(exports as never)
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}
