/** Log lines of actors: theater:actor/log and wasi:logging. */
export {}
