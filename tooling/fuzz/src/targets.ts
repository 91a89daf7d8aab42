import type { Target, TargetName } from './target.ts'

const files: Readonly<Record<TargetName, () => Promise<{ readonly target: Target }>>> = {
  component: () => import('./targets/component.ts'),
  manifest: () => import('./targets/manifest.ts'),
  value: () => import('./targets/value.ts'),
  chain: () => import('./targets/chain.ts'),
  log: () => import('./targets/log.ts'),
  meter: () => import('./targets/meter.ts'),
}

/** A target, with all that it needs. */
export async function targetOf(name: TargetName): Promise<Target> {
  return (await files[name]()).target
}
