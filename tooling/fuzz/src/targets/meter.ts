/** The meter against modules that binaryen makes of random bytes: run as they are, with the reference, and metered. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ComponentError, meterModule } from '@theater/component'
import { wasmOpt } from '../meter/binaryen.ts'
import { differences, type Observed, observe } from '../meter/observe.ts'
import { exportAll, reference } from '../meter/reference.ts'
import { seed } from '../meter/seed.ts'
import type { Random } from '../random.ts'
import type { Target, Tried } from '../target.ts'

/** What V8 does not have, or the meter refuses; and what not every module should have. */
const never = [
  'threads',
  'relaxed-simd',
  'shared-everything',
  'stack-switching',
  'strings',
  'custom-descriptors',
  'fp16',
  'custom-page-sizes',
  'wide-arithmetic',
  'multibyte',
  'relaxed-atomics',
]
const sometimes = ['gc', 'exception-handling', 'simd', 'memory64', 'multimemory', 'tail-call', 'multivalue']

async function generate(random: Random): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-meter-'))
  try {
    const [bytes, begin, out] = ['in', 'begin.wat', 'out'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const without = [...never, ...sometimes.filter(() => random.chance(0.4))]
    writeFileSync(bytes, random.bytes(200 + random.below(6_000)))
    writeFileSync(begin, seed(random, without))
    const made = await wasmOpt([
      '--quiet',
      '--translate-to-fuzz',
      bytes,
      `--initial-fuzz=${begin}`,
      '--all-features',
      ...without.map((of) => `--disable-${of}`),
      ...(random.chance(0.7) ? ['--translate-to-exnref'] : []),
      '-o',
      out,
    ])
    // Some features need others; then there is no module, which counts as not accepted.
    return made && existsSync(out) ? new Uint8Array(readFileSync(out)) : new Uint8Array()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
}

/**
 * Whether the engine takes a module. Of one that mixes both forms of exceptions V8's `validate` says so now and then, and
 * compiling it fails all the same.
 */
function isTaken(bytes: Uint8Array): boolean {
  if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) return false
  try {
    compile(bytes)
    return true
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return false
    throw error
  }
}

function marksOf({ counters, outcomes, logs }: Observed): string[] {
  const any = (name: string): boolean => (counters[name] ?? 0n) > 0n
  return [
    ...(any('loops') ? ['loops'] : []),
    ...(any('indirect') ? ['calls indirectly'] : []),
    ...(any('grows') ? ['grows'] : []),
    ...(any('recursions') ? ['recurses'] : []),
    ...(any('throws') ? ['throws'] : []),
    ...(outcomes.some((of) => of.startsWith('trap')) ? ['traps'] : []),
    ...(outcomes.some((of) => of.startsWith('threw')) ? ['throws to the host'] : []),
    ...(logs.length > 0 ? ['calls the host'] : []),
    ...((counters['calls'] ?? 0n) > BigInt(outcomes.length) ? ['calls'] : []),
  ]
}

function run(input: Uint8Array): Tried {
  if (!isTaken(input)) return { accepted: false }
  const plain = exportAll(input)
  let made: Uint8Array
  try {
    made = meterModule(plain, { nan: 'native' })
  } catch (error) {
    if (ComponentError.is(error) && error.code === 'unsupported') {
      return { accepted: false, marks: [`refused: ${error.message.replace(/ at byte \d+/, '')}`] }
    }
    throw error
  }
  if (!WebAssembly.validate(meterModule(plain, { nan: 'canonical' }) as Uint8Array<ArrayBuffer>)) {
    return { accepted: true, find: 'with canonical NaN the output does not validate' }
  }
  const metered = observe(compile(made), { fuel: 20_000_000n, depth: 20_000 })
  if (metered.why !== 0) return { accepted: true, marks: [`stopped: ${metered.why}`] }
  const bare = observe(compile(plain))
  const counted = observe(compile(reference(plain)))
  const all = [metered, bare, counted]
  if (all.some(({ stack }) => stack)) return { accepted: true, marks: ['out of stack'] }
  const marks = marksOf(counted)
  const wrong =
    differences('reference', bare, counted) ??
    differences('meter', bare, metered) ??
    fuelDiffers(metered, counted)
  return wrong === undefined ? { accepted: true, marks } : { accepted: true, marks, find: wrong }
}

/**
 * The first call for which the fuel is not what was counted. Of a call that traps the two say different things; where the host threw,
 * a block that called it is paid for whole.
 */
function fuelDiffers(metered: Observed, counted: Observed): string | undefined {
  const during = ({ costs }: Observed, i: number): bigint => (costs[i] ?? 0n) - (costs[i - 1] ?? 0n)
  for (const [i, outcome] of counted.outcomes.entries()) {
    if (outcome.startsWith('trap')) continue
    const [is, should] = [during(metered, i), during(counted, i)]
    if (is < should || (is > should && !outcome.startsWith('error'))) {
      return `call ${i} (${outcome}): the meter says ${is}, the reference ${should}`
    }
  }
  return undefined
}

/** Modules of `wasm-opt --translate-to-fuzz`. */
export const target: Target = {
  input: generate,
  run: async (input) => run(input),
}
