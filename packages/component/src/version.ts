/** The version of this package. It is part of every cache key: another version may run glue in another way. */
export const version = '0.0.0'

/** The version of jco-transpile that this package is built with and its tests hold for. */
export const jcoVersion = '0.15.0'

/**
 * What JavaScript was checked by, and made ready: the sha-256 of the files that do it, of which a test holds that it is. What another version
 * has checked is checked again.
 */
export const checkVersion = 'a79a5c57d01f46a8'

/** What components were checked by, and what was found of them: the sha-256 of the files that do it, of which a test holds that it is. */
export const findingsVersion = '639b506d95d10058'
