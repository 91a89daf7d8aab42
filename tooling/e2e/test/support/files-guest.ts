import { cGuest } from '@theater/guests'
import type { Rights } from '@theater/handler-fs'
import type { SpawnOptions } from '@theater/runtime'

export const RUN = 'wasi:cli/run@0.2#run'

/** `tooling/guests/c/files.c`. */
export const files = cGuest('files')

/** Grants of a command that sees `mount` as `/data`. */
export function grantsOf(
  mount: string,
  args: readonly string[],
  rights: Rights = 'rw',
): NonNullable<SpawnOptions['grants']> {
  return { cli: { args: ['files', ...args] }, fs: { mounts: { '/data': { host: mount, rights } } } }
}
