/**
 * Writes `packages/boundary/src/contracts.ts` from the interfaces in `wit/`: what the boundary holds the types of a
 * component against. `node --conditions=theater-source tooling/types-matrix/src/contracts.ts`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools'
import { trackName } from '@theater/boundary'
import { loadComponent } from '@theater/component/node'
import { typesDigest } from '../../../packages/boundary/src/contract.ts'
import { allPackages, witFiles } from '../../../wit/scripts/wit-text.ts'

/** The file that is written. */
const contractsFile = join(import.meta.dirname, '../../../packages/boundary/src/contracts.ts')

/** The text that the file has to have. */
export async function contractsText(): Promise<string> {
  const digests = new Map<string, string>()
  for (const side of ['import', 'export'] as const) {
    for (const { package: name, text } of witFiles()) {
      const [id, version] = name.split('@')
      for (const [, iface] of text.matchAll(/^interface ([a-z0-9-]+) \{/gm)) {
        const full = `${id}/${iface}@${version}`
        // Interfaces that are still unstable are behind a feature gate.
        if (full.startsWith('wasi:clocks/timezone')) continue
        const witSource = allPackages(`world w { ${side} ${full}; }`)
        const core = await componentEmbed({ dummy: true, witSource, world: 'root:component/w' })
        const { model } = await loadComponent(await componentNew(core, []))
        for (const { name: found, functions } of model[`${side}s`]) {
          if (found !== full) continue
          for (const fn of functions) {
            const digest = typesDigest(fn)
            if ((digests.get(trackName(fn)) ?? digest) !== digest)
              throw new Error(`${fn.id} has other types as an export than as an import`)
            digests.set(trackName(fn), digest)
          }
        }
      }
    }
  }
  const names = [...digests.keys()].toSorted()
  const lines = names.map((name) => `  '${name}': '${digests.get(name)}',`)
  return [
    '/** The types of every function in `wit/`, by its name within its track. Written by tooling/types-matrix/src/contracts.ts. */',
    'export const contracts: Readonly<Record<string, string>> = {',
    ...lines,
    '}',
    '',
  ].join('\n')
}

/** The text that it has. */
export function currentText(): string {
  return readFileSync(contractsFile, 'utf8')
}

if (import.meta.main) {
  writeFileSync(contractsFile, await contractsText())
  process.exit()
}
