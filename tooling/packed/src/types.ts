import type { Ran } from './project.ts'
import { tarballs } from './tarballs.ts'

/** What can be imported of the public packages: `{ name: '@theater/values', entry: '@theater/values/node' }`. */
export async function entriesOf(
  wanted: (name: string) => boolean,
): Promise<{ readonly name: string; readonly entry: string }[]> {
  return (await tarballs()).flatMap(({ manifest }) => {
    const { name } = manifest
    if (!wanted(name)) return []
    const exports = (manifest['exports'] ?? {}) as Record<string, { readonly types?: string } | string>
    return Object.entries(exports).flatMap(([path, target]) =>
      typeof target === 'object' && target.types !== undefined ? [{ name, entry: name + path.slice(1) }] : [],
    )
  })
}

/** What tsc says is wrong, but for the declarations of packages that are not ours. */
export function ourErrors({ code, stdout, stderr }: Ran): string[] {
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '')
  if (code !== 0 && !lines.some((line) => /error TS\d+/.test(line))) return lines
  return lines.filter((line) => !/^node_modules\/(?!@theater\/)|^\s/.test(line))
}
