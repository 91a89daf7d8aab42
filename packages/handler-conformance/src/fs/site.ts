import assert from 'node:assert/strict'
import { WitError, type AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import { bound, Caller, inWorld } from '../caller.ts'
import type { FsDescriptor, FsLaw, FsSubject } from './subject.ts'

const PREOPENS = 'wasi:filesystem/preopens@0.2'
export const TYPES = 'wasi:filesystem/types@0.2'

/** The directory of a subject, granted to one actor. */
export interface Site {
  readonly data: FsDescriptor
  readonly mounts: readonly (readonly [FsDescriptor, string])[]
  readonly handler: AnyHandler
  readonly grant: Json
  /** The description of the directory, as asks see it. */
  readonly description: Json | undefined
  /** `filesystem-error-code`. */
  readonly errorCode: (error: unknown) => unknown
}

export const FOLLOW = { symlinkFollow: true }
export const READ = { read: true }
export const WRITE = { read: true, write: true }
export const KEEP = { tag: 'no-change' } as const

/** The time that is so many seconds after the beginning of 1970. */
export const at = (seconds: bigint) => ({ tag: 'timestamp', val: { seconds, nanoseconds: 0 } }) as const

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** Grants the directory to an actor of a fresh world, and takes it all down afterwards. */
export async function onSite(
  subject: FsSubject,
  rights: 'r' | 'rw',
  run: (site: Site) => Promise<void>,
): Promise<void> {
  await inWorld(subject.make, async (world) => {
    const grant = world.grant(rights)
    const { binding } = await Caller.bind(world, grant)
    try {
      const mounts = (await bound(binding, `${PREOPENS}#get-directories`)?.()) as [FsDescriptor, string][]
      const data = mounts[0]?.[0]
      assert.ok(data, 'there is no directory')
      const errorCode = bound(binding, `${TYPES}#filesystem-error-code`) ?? (() => undefined)
      const description = binding.describe?.(`${TYPES}#descriptor`, data)
      await run({ data, mounts, handler: world.handler, grant, description, errorCode })
    } finally {
      await binding[Symbol.asyncDispose]?.()
    }
  })
}

/** A law of what is read. */
export function reading(name: string, run: (site: Site) => Promise<void>): FsLaw {
  return { name, changes: false, run: (subject) => onSite(subject, 'r', run) }
}

/** A law of what is changed. */
export function changing(name: string, run: (site: Site) => Promise<void>): FsLaw {
  return { name, changes: true, run: (subject) => onSite(subject, 'rw', run) }
}

/** The error that a call answers with, or `answered`; a fault is thrown on. */
export async function code(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return 'answered'
  } catch (error) {
    if (WitError.is(error)) return error.payload
    throw error
  }
}

/** Opens a file of the directory. */
export async function open(
  data: FsDescriptor,
  path: string,
  mode: Readonly<Record<string, boolean>> = READ,
  how: Readonly<Record<string, boolean>> = {},
): Promise<FsDescriptor> {
  return data.openAt({}, path, how, mode)
}

/** What a file says, all of it. */
export async function content(data: FsDescriptor, path: string): Promise<string> {
  const file = await open(data, path)
  return text((await file.read(1000n, 0n))[0])
}

/** The names of a directory, in their order. */
export async function names(directory: FsDescriptor): Promise<string[]> {
  const listing = await directory.readDirectory()
  const found: string[] = []
  for (;;) {
    const entry = await listing.readDirectoryEntry()
    if (entry === undefined) return found
    found.push(entry.name)
  }
}
