import type { Metering, MeterVersion, Prepared } from '@theater/component'
import type { Genesis } from '@theater/event-chain'

/** What early records name where nothing was metered; later ones have null there. */
const IDENTITY = 'identity'

/** How the component of a record has to be prepared, for its record to be made again. */
export function meteringOf({ meter, nan }: Pick<Genesis, 'meter' | 'nan'>): Metering {
  return meter === null || meter.name === IDENTITY ? 'none' : nan
}

/** Whether a component, prepared as {@link meteringOf} says, is metered by the rules of a record. */
export function meteredAlike({ meter }: Pick<Genesis, 'meter'>, prepared: Prepared): boolean {
  if (meter === null || meter.name === IDENTITY) return prepared.meter === null
  return prepared.meter?.name === meter.name && prepared.meter.version === meter.version
}

/** A meter, for a message. */
export function meterName(meter: MeterVersion | null): string {
  return meter === null ? 'no meter' : `meter ${meter.name} ${meter.version}`
}
