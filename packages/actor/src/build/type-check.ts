import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, extname, join, parse, resolve } from 'node:path'
import { BuildError } from './build-error.ts'
import { isDependency } from './bundle-error.ts'
import { kitFolder } from './bundle-paths.ts'
import { type Diagnostic, diagnosticAt, shownPath } from './diagnostic.ts'

/** What TypeScript says of an actor. */
export interface TypeCheck {
  /** Its version; null where it is not installed in the actor's project, and nothing was checked. */
  readonly typescript: string | null
  /** What it found. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Checks the types of an actor and of what it imports, with the TypeScript of its project: the `tsc` of the `typescript`
 * that the entry file finds, under the nearest `tsconfig.json` where there is one. Whatever that says of them, the
 * globals are those of the actor's engine, so no `@types/node`.
 *
 * Throws a `BuildError` `types` where TypeScript itself fails.
 *
 * @param declared the modules of interfaces that its sources may import, as TypeScript
 */
export async function checkTypes(entry: string, declared = ''): Promise<TypeCheck> {
  const compiler = await findCompiler(entry)
  if (compiler === undefined) return { typescript: null, diagnostics: [] }
  const folder = await mkdtemp(join(tmpdir(), 'theater-types-'))
  try {
    const config = join(folder, 'tsconfig.json')
    const declarations = join(folder, 'wit.d.ts')
    if (declared !== '') await writeFile(declarations, declared)
    await writeFile(config, JSON.stringify(configOf(entry, declared === '' ? [] : [declarations])))
    const said = await run(compiler.path, ['-p', config, '--pretty', 'false'])
    const found = diagnosticsIn(said.text)
    if (found.length === 0 && said.code !== 0) {
      throw new BuildError('types', `TypeScript ${compiler.version} failed: ${said.text.trim() || said.code}`)
    }
    const diagnostics: Diagnostic[] = []
    for (const one of found) if (concerns(one, folder)) diagnostics.push(await withSource(one))
    return { typescript: compiler.version, diagnostics }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Compiler {
  readonly version: string
  readonly path: string
}

async function findCompiler(entry: string): Promise<Compiler | undefined> {
  try {
    const manifest = createRequire(resolve(entry)).resolve('typescript/package.json')
    const { version, bin } = JSON.parse(await readFile(manifest, 'utf8')) as {
      readonly version: string
      readonly bin: { readonly tsc: string }
    }
    return { version, path: join(dirname(manifest), bin.tsc) }
  } catch {
    return undefined
  }
}

/** A project of the entry alone. It lies in a folder of its own: nothing is written beside the sources. */
function configOf(entry: string, declarations: readonly string[]): object {
  const project = nearestConfig(dirname(resolve(entry)))
  const defaults = {
    strict: true,
    target: 'es2024',
    module: 'preserve',
    moduleResolution: 'bundler',
    verbatimModuleSyntax: true,
    resolveJsonModule: true,
  }
  return {
    ...(project !== undefined && { extends: project }),
    files: [resolve(entry), ...declarations],
    include: [],
    references: [],
    compilerOptions: {
      ...(project === undefined && defaults),
      // The engine has web APIs, and is neither Node nor a browser's page.
      lib: ['esnext', 'webworker'],
      types: [],
      noEmit: true,
      composite: false,
      incremental: false,
      declaration: false,
      declarationMap: false,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      rootDir: parse(resolve(entry)).root,
      // In a checkout the kit is its own sources.
      ...(extname(import.meta.url) === '.ts' && { customConditions: ['theater-source'] }),
    },
  }
}

function nearestConfig(folder: string): string | undefined {
  const path = join(folder, 'tsconfig.json')
  if (existsSync(path)) return path
  const above = dirname(folder)
  return above === folder ? undefined : nearestConfig(above)
}

function run(
  path: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((done, fail) => {
    const options = { maxBuffer: 64 * 1024 * 1024 }
    execFile(process.execPath, [path, ...args], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        fail(new BuildError('types', `TypeScript cannot be run: ${error.message}`, { cause: error }))
        return
      }
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr })
    })
  })
}

function diagnosticsIn(text: string): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const line of text.split('\n')) {
    const at = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line)
    const whole = at === null ? /^error (TS\d+): (.*)$/.exec(line) : null
    const last = found.at(-1)
    if (at !== null) {
      const [, file = '', row, column, rule = '', message = ''] = at
      const rest = { hint: null, source: null, length: 1, chain: [] }
      found.push({ file: shownPath(file), line: Number(row), column: Number(column), rule, message, ...rest })
    } else if (whole !== null) {
      const [, rule = '', message = ''] = whole
      found.push(diagnosticAt('tsconfig.json', '', undefined, { rule, message }))
    } else if (last !== undefined && line.startsWith(' ')) {
      // What is below says why, more exactly with each line.
      found[found.length - 1] = {
        ...last,
        hint: `${last.hint === null ? '' : `${last.hint}\n  `}${line.trim()}`,
      }
    }
  }
  return found
}

/** Names of Node: that an actor has none of them the build says itself, where it is certain. */
const missingNode = new Set(['TS2580', 'TS2591'])

/** Whether it is about the actor's own sources. The project's settings are not the actor's. */
function concerns({ file, rule }: Diagnostic, folder: string): boolean {
  const path = resolve(file)
  return (
    !isDependency(path) && !path.startsWith(kitFolder) && !path.startsWith(folder) && !missingNode.has(rule)
  )
}

async function withSource(one: Diagnostic): Promise<Diagnostic> {
  const text = await readFile(one.file, 'utf8').catch(() => undefined)
  const source = text?.split('\n')[(one.line ?? 0) - 1]?.replace(/\r$/, '')
  if (source === undefined || one.column === null) return one
  // The compiler says where it begins; a word, or one character, is what is meant.
  const word = /^[\w$]+|^(['"`]).*?\1/.exec(source.slice(one.column - 1))?.[0]
  return { ...one, source, length: word?.length ?? 1 }
}
