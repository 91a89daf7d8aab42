import { ComponentError } from '../errors.ts'

/** Throws for something that the meter does not know, by name. */
export function refuse(what: string, offset: number): never {
  throw new ComponentError(
    'unsupported',
    `A core module uses ${what}, at byte ${offset}; it is not supported.`,
    {
      offset,
    },
  )
}
