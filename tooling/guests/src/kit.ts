/**
 * Guests written with the TypeScript kit, each in a folder of its own with its source, built component and digest.
 * A build is not reproducible, so a rebuild is compared only in what it imports and exports.
 */
import { committed } from './committed.ts'

/** The bytes of a guest's component, such as `kit-counter`. Throws if they are not the ones that were committed. */
export function kitGuest(name: string): Uint8Array {
  return committed(name, name)
}
