import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { folder } from './theater.ts'

const kit = fileURLToPath(new URL('../../../actor', import.meta.url))
const compiler = dirname(dirname(fileURLToPath(import.meta.resolve('typescript'))))

/** A folder with the actor kit installed, and TypeScript where it is asked for. */
export function project(
  files: Readonly<Record<string, string>>,
  { typescript = false }: { readonly typescript?: boolean } = {},
): string {
  const cwd = folder(files)
  mkdirSync(join(cwd, 'node_modules/@theater'), { recursive: true })
  symlinkSync(kit, join(cwd, 'node_modules/@theater/actor'))
  if (typescript) symlinkSync(compiler, join(cwd, 'node_modules/typescript'))
  return cwd
}
