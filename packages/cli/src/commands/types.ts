import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'

/** `theater types`: what TypeScript needs to know of interfaces that actors import. */
export async function types(wit: readonly string[], out: string, output: Output): Promise<number> {
  const { witTypes } = await import('@theater/actor/build')
  const text = await witTypes(wit)
  await mkdir(dirname(resolve(out)), { recursive: true })
  await writeFile(out, text)
  const interfaces = [...text.matchAll(/^declare module '([^']+)'/gm)].map(([, name = '']) => name)
  await output.result({ out, interfaces }, () => [out, ...interfaces.map((name) => `  ${name}`)].join('\n'))
  return exits.done
}
