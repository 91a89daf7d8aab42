/**
 * What a crossing costs beside the guest's own instructions. These figures are part of the meter's version: whoever
 * changes one changes what every record says.
 */

/** Fuel for one call out of the guest into JavaScript, whatever it is for, and for the first {@link FREE_BYTES} of it. */
export const CROSSING_FUEL = 2_000

/**
 * Fuel for each code unit of a string that jco's glue copies between two components. Some of it is one copy of memory,
 * some a loop of JavaScript; only the adapters say which, and this is more than the one and less than the other.
 */
export const COPIED_FUEL = 1

/** Canonical bytes of arguments, and of an answer, that cost nothing beside their crossing. */
export const FREE_BYTES = 256

/** Fuel for each canonical byte beyond them: it is copied, hashed and written on its way. */
export const BYTE_FUEL = 10
