import { existsSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { unpack, type Files } from './unpack.ts'

/** What a published package.json may say, as far as it is looked at here. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const license = readFileSync(new URL('../../../LICENSE', import.meta.url))

/** Everything that is wrong with a tarball, one line each: what publint, attw and the house's own rules find. */
export async function complaints(folder: string, tarball: Uint8Array): Promise<string[]> {
  const files = await unpack(tarball)
  const text = files.get('package.json')
  if (text === undefined) return ['package.json is not in the tarball']
  const manifest = JSON.parse(text.toString()) as Manifest
  return [
    ...ownRules(folder, files, manifest),
    ...(await fromPublint(tarball)),
    ...(await fromAttw(tarball)),
  ].map((line) => `${manifest.name}: ${line}`)
}

async function fromPublint(tarball: Uint8Array): Promise<string[]> {
  const { messages, pkg } = await publint({ pack: { tarball: Uint8Array.from(tarball).buffer } })
  return messages.map(
    (message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  )
}

async function fromAttw(tarball: Uint8Array): Promise<string[]> {
  const result = await checkPackage(createPackageFromTarballData(tarball))
  if (result.types === false) return ['attw: there are no types']
  return result.problems.flatMap((problem) => {
    // Theater is ESM for Node 26: what an old resolution (`node10`, which knows no `exports`) or a CommonJS
    // importer (`node16-cjs`) would find is nobody's case. What is left: `node16-esm` and `bundler`.
    const where = 'resolutionKind' in problem ? problem.resolutionKind : undefined
    if (where === 'node10' || where === 'node16-cjs') return []
    return [`attw: ${JSON.stringify(problem)}`]
  })
}

/** The source that tsc wrote a file in `dist` from; undefined for a file that is none of tsc's. */
export function sourceOf(path: string): string | undefined {
  const name = /^dist\/(.*?)\.(?:js|d\.ts)(?:\.map)?$/.exec(path)?.[1]
  // Workers that are bundled go into dist/worker, and what several bundled entries share into files of its own.
  return name === undefined || /^(?:worker\/|bundled-)/.test(name) ? undefined : `src/${name}.ts`
}

function ownRules(folder: string, files: Files, manifest: Manifest): string[] {
  const found: string[] = []
  if (!files.has('README.md')) found.push('README.md is not in the tarball')
  // pnpm adds the repository's, unless it sees another licence somewhere in the package.
  if (!files.get('LICENSE')?.equals(license))
    found.push("LICENSE is not in the tarball, or not the repository's")
  for (const group of ['dependencies', 'peerDependencies', 'optionalDependencies'] as const) {
    for (const [name, range] of Object.entries(manifest[group] ?? {})) {
      if (/^(?:workspace|catalog|file|link):/.test(range)) found.push(`${group}: ${name} is ${range}`)
    }
  }
  const leftOut = (manifest.files ?? []).flatMap((entry) => (entry.startsWith('!') ? [entry.slice(1)] : []))
  for (const path of files.keys()) {
    // Templates are projects, with tests of their own; known answers are for whoever writes another verifier.
    const isGiven = path.startsWith('templates/') || /^test\/vectors\/[^/]+\.json$/.test(path)
    if (!isGiven && /(?:^|\/)(?:test|node_modules|\.[^/]+)(?:\/|$)/.test(path))
      found.push(`${path} is not for publishing`)
    const source = sourceOf(path)
    if (source !== undefined && !existsSync(join(folder, source))) {
      found.push(`${path} is of ${source}, which is gone: run \`pnpm clean\``)
    } else if (source !== undefined && !files.has(source)) {
      found.push(`${source} is not in the tarball, and the source map leads to it`)
    }
    const built = path.replace(/^src(.*)\.ts$/, 'dist$1.js')
    if (!files.has(built) && !leftOut.some((glob) => matchesGlob(built, glob))) {
      found.push(`${path} is not built: run \`pnpm build\``)
    }
  }
  return found
}
