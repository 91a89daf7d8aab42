/** The contracts: theater:* packages and the wasi:* packages they stand on, as WIT, and their types. */
export {}
