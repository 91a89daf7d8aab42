import { join } from 'node:path'
import { watGuests as names, watSource } from '@theater/guests'
import { assemble } from '@theater/guests/wat'
import { guests, type Made, type Result, settle } from './result.ts'

/** Assembles the guests in text format. */
export async function watGuests(write: boolean): Promise<readonly Result[]> {
  const made: Made[] = []
  for (const name of names()) made.push({ name, bytes: await assemble(watSource(name)) })
  return settle(join(guests, 'wat'), made, write)
}
