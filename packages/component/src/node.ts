/** The `./node` entry. */
export {}
