/**
 * Chains as CAR v1 files.
 *
 * @module
 */
export {}
