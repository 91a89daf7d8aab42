import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { openCar } from '@theater/event-chain/car'
import { VerifierKey } from '@theater/event-chain/log'
import { fileSource } from '@theater/event-chain/node'
import { checkSeal, verifyCar, withSignature } from '@theater/replay/node'
import { describe, expect, it } from 'vitest'
import { load } from './support/record.ts'

const folder = new URL('histories/', import.meta.url).pathname
/** Causes that lead from one chain of a file to another, or to itself. */
const messages: Readonly<Record<string, number>> = { 'talk.car': 4, 'timers.car': 1 }
const files = globSync('*/*.car', { cwd: folder }).toSorted()

describe('a record of an earlier version', () => {
  it.each(files)('is verified, and signed to its end: %s', async (file) => {
    const path = join(folder, file)
    await using source = await fileSource(path)
    const car = await openCar(source)
    const key = await VerifierKey.parse(readFileSync(join(dirname(path), 'host.pub'), 'utf8'))
    const check = await checkSeal(car.seal, [key])
    const { verdicts, held, unchecked } = await verifyCar(car, { load })
    const signed = verdicts.map((verdict, i) => withSignature(verdict, check, car.chains[i]?.sealed ?? null))
    expect(signed.map(({ level, verdict }) => `${verdict.verdict}, ${level}`)).toEqual(
      car.chains.map(() => 'verified, pass'),
    )
    // What they said to each other hangs together, and a timer's turn with what set it.
    expect(unchecked).toEqual([])
    expect(held).toBe(messages[basename(file)] ?? 0)
  })

  it('is there of each kind', () => {
    expect(files.length).toBeGreaterThanOrEqual(7)
  })
})
