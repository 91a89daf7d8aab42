import type { Durability } from '@theater/event-chain'
import { TheaterError } from './errors.ts'

const known: Readonly<Record<Durability, true>> = { memory: true, process: true, disk: true }

/** @throws TheaterError `bad-arguments` for what is no durability */
export function checkDurability(durability: string | undefined, actor?: string): void {
  if (durability === undefined || Object.hasOwn(known, durability)) return
  const message = `the durability ${JSON.stringify(durability)} is none: memory, process or disk`
  throw new TheaterError('bad-arguments', message, actor === undefined ? {} : { actor })
}
