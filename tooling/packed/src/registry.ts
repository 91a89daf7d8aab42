/**
 * A registry on loopback, for npm to install from without a network: the public packages from their tarballs, and
 * everything else from what pnpm installed here, in exactly those versions.
 */
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { create } from 'tar'
import { root } from './root.ts'
import { tarballs } from './tarballs.ts'

/** A running registry. */
export interface Registry extends AsyncDisposable {
  /** Where it is: `http://127.0.0.1:…/`. */
  readonly url: string
  /** Names that were asked for and that it does not have. */
  readonly missing: ReadonlySet<string>
}

/** What npm has to know of a version before it fetches it. */
type Manifest = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string }

/** One version of a package: where its bytes come from. */
type Version =
  | { readonly manifest: Manifest; readonly tarball: Uint8Array }
  | { readonly manifest: Manifest; readonly folder: string }

// What pnpm-workspace.yaml allows: jco's own parts disagree about their shim by one minor, and only the newer is here.
const SHIM = '@bytecodealliance/preview2-shim'

/** Starts a registry. */
export async function startRegistry(): Promise<Registry> {
  const packages = new Map<string, Map<string, Version>>()
  const add = (version: Version) => {
    const { name, version: number } = version.manifest
    const versions = packages.get(name) ?? new Map<string, Version>()
    // Ours come first; a second folder of one version differs in its peers only, and those lie outside it.
    if (!versions.has(number)) versions.set(number, version)
    packages.set(name, versions)
  }
  for (const { manifest, bytes } of await tarballs()) add({ manifest, tarball: bytes })
  for (const folder of installed()) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    if (!manifest.name.startsWith('@theater/')) add({ manifest, folder })
  }

  const missing = new Set<string>()
  const server = createServer((request, response) => {
    const [name = '', number] = decodeURIComponent((request.url ?? '/').slice(1)).split('/-/')
    const versions = packages.get(name)
    const version = number === undefined ? undefined : versions?.get(basename(number, '.tgz'))
    if (versions === undefined || (number !== undefined && version === undefined)) {
      missing.add(name)
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}')
    } else if (version === undefined) {
      const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(document(at, name, versions)))
    } else send(response, version)
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    missing,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The folders of all packages that pnpm installed. */
function installed(): string[] {
  const store = join(root, 'node_modules', '.pnpm')
  return globSync(['*/node_modules/*/package.json', '*/node_modules/@*/*/package.json'], { cwd: store })
    .map((file) => join(store, dirname(file)))
    .filter((folder) => isOwnFolder(store, folder))
}

/** Whether a folder in pnpm's store is the package itself: `NAME@VERSION` holds it, others hold links to it. */
function isOwnFolder(store: string, folder: string): boolean {
  const [id = '', , ...name] = folder.slice(store.length + 1).split(/[\\/]/)
  return id.startsWith(`${name.join('+')}@`)
}

/** What npm calls a packument. */
function document(at: string, name: string, versions: ReadonlyMap<string, Version>) {
  const numbers = [...versions.keys()].toSorted(compareVersions)
  return {
    name,
    'dist-tags': { latest: numbers.findLast((number) => !number.includes('-')) ?? numbers.at(-1) },
    versions: Object.fromEntries(
      numbers.map((number) => {
        const version = versions.get(number)!
        const ours =
          'tarball' in version
            ? { integrity: `sha512-${createHash('sha512').update(version.tarball).digest('base64')}` }
            : {}
        const { scripts } = version.manifest as { scripts?: Record<string, string> }
        const hasInstallScript = ['preinstall', 'install', 'postinstall'].some((key) => scripts?.[key])
        const peers = version.manifest['peerDependencies'] as Record<string, string> | undefined
        const peerDependencies = peers && { ...peers, ...(SHIM in peers ? { [SHIM]: '*' } : {}) }
        const dist = { tarball: `${at}/${name}/-/${number}.tgz`, ...ours }
        return [number, { ...version.manifest, peerDependencies, hasInstallScript, dist }]
      }),
    ),
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map((part) => Number(part)))
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.includes('-') === b.includes('-') ? 0 : a.includes('-') ? -1 : 1
}

function send(response: ServerResponse, version: Version): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream' })
  if ('tarball' in version) {
    response.end(version.tarball)
    return
  }
  const { folder } = version
  const nested = join(folder, 'node_modules')
  const files = globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile() && !join(entry.parentPath, '/').startsWith(join(nested, '/')))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  // Synchronous: the other way tar 7.5 never ends with several hundred files on Node 26.
  const options = { cwd: folder, prefix: 'package', portable: true, gzip: { level: 1 }, sync: true } as const
  const pack = create({ ...options, linkCache: new NoLinks() }, files)
  for (let chunk = pack.read(); chunk !== null; chunk = pack.read()) response.write(chunk)
  response.end()
}

/** pnpm keeps equal files as links to one; tar would write them as links, and npm leaves links in a tarball out. */
class NoLinks extends Map<`${number}:${number}`, string> {
  override get(): undefined {
    return undefined
  }
}
