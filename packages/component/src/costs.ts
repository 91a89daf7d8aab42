/**
 * What a crossing costs beside the guest's own instructions. These figures are part of the meter's version: whoever
 * changes one changes what every record says.
 */

/** Fuel for one call out of the guest into JavaScript, whatever it is for, and for the first {@link FREE_BYTES} of it. */
export const CROSSING_FUEL = 2_000

/** Canonical bytes of arguments, and of an answer, that cost nothing beside their crossing. */
export const FREE_BYTES = 256

/** Fuel for each canonical byte beyond them: it is copied, hashed and written on its way. */
export const BYTE_FUEL = 10
