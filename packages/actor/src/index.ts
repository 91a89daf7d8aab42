/** The kit for actors written in TypeScript. */
export {}
