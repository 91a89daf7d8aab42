/** A component that was prepared for a plan. */
import { InstanceMeter } from './instance-meter.ts'
import { type Blueprint, instantiate } from './instance.ts'
import { meter } from './meter/meter.ts'
import { InstanceResources } from './resources.ts'
import type {
  HostImports,
  Instance,
  InstanceHooks,
  MeterVersion,
  Plan,
  Prepared,
  Resources,
} from './types.ts'

/** Makes instances after one plan. */
export class PreparedComponent implements Prepared {
  readonly plan: Plan
  readonly meter: MeterVersion | null
  readonly #blueprint: Blueprint

  constructor(plan: Plan, of: MeterVersion | null, blueprint: Blueprint) {
    this.plan = plan
    this.meter = of
    this.#blueprint = blueprint
  }

  newResources(): Resources {
    return new InstanceResources(this.#blueprint.model)
  }

  async instantiate(host: HostImports, hooks?: InstanceHooks): Promise<Instance> {
    return this.instantiateSync(host, hooks)
  }

  instantiateSync(host: HostImports, hooks?: InstanceHooks): Instance {
    const budget = this.meter === null ? undefined : (host.meter ?? new InstanceMeter())
    return instantiate(this.#blueprint, host, budget, hooks)
  }
}

/**
 * The rules that fuel is counted by. Between composed components jco puts adapters of its own, which are metered like
 * what they connect: then fuel is a matter of jco's version too.
 */
export function meterVersion(jco: string | null): MeterVersion {
  const { name, version: own } = meter
  return { name, version: jco === null ? String(own) : `${own}+jco-${jco}` }
}
