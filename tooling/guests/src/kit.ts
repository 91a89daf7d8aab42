/**
 * Guests written with the TypeScript kit, each in a folder of its own with its source, built component and digest.
 * What is committed is what is tested: a rebuild has other bytes as soon as the kit has other code.
 */
import { committed } from './committed.ts'

/** The bytes of a guest's component, such as `kit-counter`. Throws if they are not the ones that were committed. */
export function kitGuest(name: string): Uint8Array {
  return committed(name, name)
}
