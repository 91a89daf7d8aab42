/** The `./build` entry. */
export {}
