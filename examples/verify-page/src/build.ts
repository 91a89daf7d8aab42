/** Makes the page: a folder of static files that anybody can serve. `pnpm build [FOLDER]` */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

/** How the page is built. */
export interface BuildOptions {
  /** The folder that the page is written to. */
  readonly out: string
  /** The script of the transpiling worker. @default the one of `@theater/component` */
  readonly transpiler?: string
}

const here = import.meta.dirname

/** Builds the page and answers its files with their sizes. */
export async function buildPage({ out, transpiler }: BuildOptions): Promise<ReadonlyMap<string, number>> {
  const jco = transpiler ?? fileURLToPath(import.meta.resolve('@theater/component/web-worker'))
  const [page, verifier, style] = await Promise.all([
    bundle(join(here, 'page/main.ts')),
    bundle(join(here, 'verifier/worker.ts')),
    bundle(join(here, 'page/style.css')),
  ])
  // The workers' scripts travel as text: the page makes blobs of them, which inherit its policy.
  const held = { verifier, transpiler: await readFile(jco, 'utf8') }
  const holder = `globalThis.theaterVerifier=${JSON.stringify(held)}\n`
  const html = (await readFile(join(here, 'page/index.html'), 'utf8'))
    .replace('{{policy}}', policy([page, holder].map(integrity)))
    .replace('{{page}}', integrity(page))
    .replace('{{verifier}}', integrity(holder))
  const files = { 'index.html': html, 'style.css': style, 'page.js': page, 'verifier.js': holder }
  await mkdir(out, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text)
  const license = join(dirname(jco), 'LICENSE-jco')
  await copyFile(license, join(out, 'LICENSE-jco')).catch((error: unknown) => {
    if (transpiler === undefined) throw error
  })
  return new Map(Object.entries(files).map(([name, text]) => [name, Buffer.byteLength(text)]))
}

/**
 * What the page, and with it each of its workers, may do: run these two scripts and nothing else, start workers from
 * what they hold, and reach nobody. `unsafe-eval` is for the verifier, which runs what jco makes of a component; in the page
 * itself trusted types leave no way to it.
 */
function policy(scripts: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map((hash) => `'${hash}'`).join(' ')} 'unsafe-eval'`,
    'worker-src blob:',
    "style-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types verify-page default',
  ].join('; ')
}

function integrity(text: string): string {
  return `sha384-${createHash('sha384').update(text).digest('base64')}`
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles, warnings } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    // In this repository the packages are bundled from their sources; nobody else has that condition.
    conditions: ['theater-source'],
    legalComments: 'inline',
  })
  const [made] = outputFiles
  if (made === undefined || warnings.length > 0) throw new Error(`bundling ${entry} gave warnings`)
  return made.text
}

if (import.meta.main) {
  const out = process.argv[2] ?? join(here, '../dist')
  for (const [name, bytes] of await buildPage({ out })) console.log(`${name.padEnd(12)} ${bytes}`)
}
