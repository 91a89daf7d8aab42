/** From bytes to a checked component. */
import { same } from './bytes.ts'
import { ComponentError } from './errors.ts'
import { type Checked, Kit } from './kit.ts'
import { KnownComponent } from './known-component.ts'
import { withDefaults } from './limits.ts'
import type { CheckedComponent, Component, ComponentSource, LoadLimits, LoadOptions } from './types.ts'

/**
 * Checks the bytes of a component and reads its types. Nothing of it is compiled or handed to jco before every check
 * has passed. Rejects with a `ComponentError`.
 */
export async function loadComponent(bytes: Uint8Array, options: LoadOptions = {}): Promise<Component> {
  const limits = withDefaults(options.limits)
  checkSize(bytes, limits)
  // What was checked must be what runs, whatever the caller does to its array.
  const own = Uint8Array.from(bytes)
  const kit = new Kit(limits, options)
  const digest = kit.sha256(own)
  return new LoadedComponent(own, digest, (await kit.kept(digest)) ?? (await kit.check(own, digest)), kit)
}

/**
 * As {@link loadComponent}, of a component that may have been checked before: then its bytes are only read where they are needed to make
 * something that is not in the cache.
 *
 * @throws ComponentError, `cache` where the bytes have another digest; what reading them throws
 */
export async function recallComponent(
  source: ComponentSource,
  options: LoadOptions = {},
): Promise<CheckedComponent> {
  const digest = source.digest.slice()
  const kit = new Kit(withDefaults(options.limits), options)
  const own = async (): Promise<Uint8Array> => {
    const bytes = Uint8Array.from(await source.read())
    if (same(kit.sha256(bytes), digest)) return bytes
    throw new ComponentError('cache', 'What is read as the bytes of this component is something else.')
  }
  const kept = await kit.kept(digest)
  if (kept !== undefined) return new KnownComponent(digest, kept, kit, own)
  const bytes = await own()
  checkSize(bytes, kit.limits)
  return new LoadedComponent(bytes, digest, await kit.check(bytes, digest), kit)
}

class LoadedComponent extends KnownComponent implements Component {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array, digest: Uint8Array, checked: Checked, kit: Kit) {
    super(digest, checked, kit, async () => bytes)
    this.bytes = bytes
  }
}

function checkSize({ length }: Uint8Array, { bytes: limit }: LoadLimits): void {
  if (length > limit)
    throw new ComponentError('too-large', `The component has ${length} bytes; the limit is ${limit}.`)
}
