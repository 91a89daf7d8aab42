import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The folder that holds `theater/` and `wasi/`. */
export const root = join(import.meta.dirname, '..')

/** One `.wit` file of this package. */
export interface WitFile {
  /** The path from the package's root, with `/`. */
  readonly path: string
  /** The name of the WIT package in it, with its version: `theater:actor@0.1.0`. */
  readonly package: string
  /** The names of its worlds. */
  readonly worlds: readonly string[]
  /** The file as it is. */
  readonly text: string
}

/** Every `.wit` file, `theater` first, each folder by name. */
export function witFiles(): WitFile[] {
  return ['theater', 'wasi'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.wit'))
      .toSorted()
      .map((name) => {
        const text = readFileSync(join(root, folder, name), 'utf8')
        const header = /^package ([^;\s]+);$/m.exec(text)?.[1]
        if (header === undefined) throw new Error(`${basename(name)} has no package header`)
        const worlds = [...text.matchAll(/^world ([a-z0-9-]+) \{/gm)].map((match) => match[1]!)
        return { path: `${folder}/${name}`, package: header, worlds, text }
      }),
  )
}

/** One WIT text that holds every package here, nested, and then `world`, which may name all of them. */
export function allPackages(world: string): string {
  const nested = witFiles().map(({ text, package: name }) => {
    const header = `package ${name};`
    const at = text.indexOf(header)
    return `${text.slice(0, at)}package ${name} {${text.slice(at + header.length)}}\n`
  })
  return `package root:component;\n\n${nested.join('\n')}\n${world}\n`
}
