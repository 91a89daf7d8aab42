import { BuildError } from './build-error.ts'
import type { Contributed } from './wit.ts'
import { actorPackage, importOf } from './world.ts'

/**
 * Declares contributed interfaces as the modules that an actor imports, one text of TypeScript.
 *
 * Throws a `BuildError` `wit` with what is wrong in the WIT.
 */
export async function declarationsOf({ packages, interfaces }: Contributed): Promise<string> {
  if (interfaces.size === 0) return ''
  // 4 MB that most actors do without.
  const { $init, generateTypes } = await import('@bytecodealliance/jco-transpile/component')
  await $init
  const imports = [...interfaces].map(importOf)
  const wit = [
    'package root:component;',
    actorPackage(),
    ...packages,
    `world actor {\n${imports.join('\n')}\n}`,
  ].join('\n\n')
  let files: readonly (readonly [name: string, bytes: Uint8Array])[]
  try {
    files = generateTypes('actor', {
      wit: { tag: 'source', val: wit },
      world: 'actor',
      guest: true,
      strict: true,
    })
  } catch (cause) {
    throw new BuildError('wit', `the WIT is not valid: ${reasonOf(cause)}`, { cause })
  }
  const modules = files
    .filter(([name]) => name.startsWith('interfaces/'))
    .map(([, bytes]) => new TextDecoder().decode(bytes).replaceAll(/[ \t]+$/gm, ''))
  return [header, ...modules].join('\n')
}

const header = '// Interfaces of a WIT, as actors import them. Written by `theater types`.'

function reasonOf(cause: unknown): string {
  const { payload } = cause as { readonly payload?: unknown }
  if (typeof payload === 'string') return payload
  return cause instanceof Error ? cause.message : String(cause)
}
