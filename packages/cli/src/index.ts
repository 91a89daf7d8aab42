/** The `theater` command. */
export {}
