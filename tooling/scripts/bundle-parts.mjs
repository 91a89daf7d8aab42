// What makes a bundle quick to load.
import { dirname, join, relative, resolve } from 'node:path'
import * as esbuild from 'esbuild'

/** Names imported from a built-in module of Node. */
const builtin = /^import \{([^}]*)\} from ('node:[\w/]+')/gm

/**
 * Takes what is imported from Node's built-ins out of them without a module for each: for one that is imported Node makes another around
 * it with all of its exports, and calls their getters for that. `node:crypto` so brings Web Crypto with it, and `node:fs` its streams.
 *
 * @param {string} text TypeScript
 */
export function withoutBuiltins(text) {
  return text.replaceAll(builtin, (_, /** @type {string} */ names, /** @type {string} */ from) => {
    const values = names.split(',').filter((name) => name.trim() !== '' && !/^\s*type\s/.test(name))
    // As many lines as before: a source map speaks of them.
    const taken = values
      .join(',')
      .replaceAll(/\s+as\s+/g, ': ')
      .replaceAll('\n', ' ')
    return `const {${taken}} = globalThis.process.getBuiltinModule(${from})${names.replaceAll(/[^\n]/g, '')}`
  })
}

/** What stands in place of an import of a built-in. */
const taken = /= globalThis\.process\.getBuiltinModule\(["'](node:[\w/]+)/g

/** A file of so many characters, source map and all, takes longer to find than to read. */
const SMALL = 32 * 1024

/** What of a file tells that it is for Node alone. */
const node = /\bgetBuiltinModule\(|\bfrom ?"node:/

/**
 * The files that esbuild makes with `splitting`: one for each set of entries that have something in common. Each file takes Node about as
 * long to find, read and link, whatever its size, so what all of them share becomes one; two, where some of it is for Node and the
 * main entry is not. With it goes what is small and needs nothing else from outside, though only some of what is loaded once it is asked for
 * needs it; the rest of that stays as it is.
 */
export class Parts {
  /** @type {ReadonlyMap<string, string>} */
  #texts
  /** @type {ReadonlyMap<string, esbuild.Metafile['outputs'][string]>} */
  #outputs
  /** @type {ReadonlyMap<string, string>} By a part, the file that it becomes a piece of. */
  #merged

  /**
   * @param {string} dist
   * @param {readonly esbuild.OutputFile[]} files
   * @param {esbuild.Metafile} metafile of the current folder
   */
  constructor(dist, files, metafile) {
    this.#texts = new Map(files.map(({ path, text }) => [path, text]))
    this.#outputs = new Map(Object.entries(metafile.outputs).map(([path, of]) => [resolve(path), of]))
    const isPart = (/** @type {string} */ path) => this.#outputs.get(path)?.entryPoint === undefined
    const given = [...this.#texts.keys()].filter(
      (path) => !isPart(path) && !relative(dist, path).startsWith('bundled-'),
    )
    const main = join(dist, 'index.js')
    const nodeOnly = (/** @type {string} */ path) =>
      [...this.#reached([path])].some((one) => node.test(this.#texts.get(one) ?? ''))
    const apart = given.includes(main) && !nodeOnly(main)
    const always = this.#reached(given)
    const outside = this.#outside(always)
    const small = (/** @type {string} */ path) => {
      const within = [...this.#reached([path])].filter((one) => !always.has(one))
      const fits = within.every((one) => isPart(one) && (this.#texts.get(one)?.length ?? 0) <= SMALL)
      return fits && this.#outside(within).isSubsetOf(outside)
    }
    this.#merged = new Map(
      [...this.#outputs.keys()]
        .filter((path) => isPart(path) && (always.has(path) || small(path)))
        .map((path) => [path, join(dist, apart && nodeOnly(path) ? 'bundled-node.js' : 'bundled-shared.js')]),
    )
  }

  /** Writes all of them. */
  async write() {
    for (const file of this.#texts.keys())
      if (!this.#merged.has(file)) await this.#make(file, { entryPoints: [file] })
    for (const file of new Set(this.#merged.values())) {
      const parts = [...this.#merged.keys()].filter((part) => this.#merged.get(part) === file)
      const contents = parts.map((part) => this.#exporting(part, part, false)).join('\n')
      await this.#make(file, { stdin: { contents, resolveDir: dirname(file) } })
    }
  }

  /**
   * What is read and decoded and hashed of each file is half of what it takes to load it: so blanks and comments are left out. Names
   * stay, for whoever reads the stack of an error.
   *
   * @param {string} outfile
   * @param {esbuild.BuildOptions} options
   */
  async #make(outfile, options) {
    const { warnings } = await esbuild.build({
      ...options,
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'esnext',
      minifyWhitespace: true,
      minifySyntax: true,
      // The line is shown of an error that nobody catches.
      lineLimit: 160,
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'inline',
      allowOverwrite: true,
      plugins: [this.#plugin(outfile)],
    })
    if (warnings.length > 0) throw new Error(`bundling ${outfile} gave warnings`)
  }

  /**
   * @param {string} outfile
   * @returns {esbuild.Plugin}
   */
  #plugin(outfile) {
    return {
      name: 'parts',
      setup: (build) => {
        build.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
          const full = path.startsWith('.') ? resolve(dirname(importer), path) : path
          if (kind === 'entry-point') return { path: full }
          if (!this.#texts.has(full)) return { path, external: true }
          const into = this.#merged.get(full)
          if (into === outfile) return { path: full }
          if (into === undefined || kind === 'dynamic-import')
            return { path: beside(outfile, full), external: true }
          return { path: full, namespace: 'elsewhere' }
        })
        build.onLoad({ filter: /.*/, namespace: 'file' }, ({ path }) => ({
          contents: this.#texts.get(path) ?? '',
        }))
        build.onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path }) => ({
          contents: this.#exporting(path, beside(outfile, this.#merged.get(path) ?? path), true),
        }))
      },
    }
  }

  /**
   * Several parts may export another thing under the same name.
   *
   * @param {string} part
   * @param {string} from
   * @param {boolean} back
   */
  #exporting(part, from, back) {
    const number = [...this.#merged.keys()].indexOf(part)
    const names = this.#outputs.get(part)?.exports ?? []
    const list = names.map((name) => (back ? `${name}_${number} as ${name}` : `${name} as ${name}_${number}`))
    return `export { ${list.join(', ')} } from ${JSON.stringify(from)}`
  }

  /**
   * What is loaded with files from other packages, and from Node.
   *
   * @param {Iterable<string>} files
   */
  #outside(files) {
    const found = new Set()
    for (const file of files) {
      for (const [, name] of (this.#texts.get(file) ?? '').matchAll(taken)) found.add(name)
      for (const { path, kind, external } of this.#outputs.get(file)?.imports ?? [])
        if (kind === 'import-statement' && external === true) found.add(path)
    }
    return found
  }

  /**
   * All that is loaded with some files.
   *
   * @param {readonly string[]} files
   */
  #reached(files) {
    const found = new Set(files)
    for (const file of found)
      for (const { path, kind, external } of this.#outputs.get(file)?.imports ?? [])
        if (kind === 'import-statement' && external !== true) found.add(resolve(path))
    return found
  }
}

/**
 * @param {string} file
 * @param {string} other
 */
function beside(file, other) {
  const path = relative(dirname(file), other)
  return path.startsWith('.') ? path : `./${path}`
}
