/** The `theater` command, run by bin/theater.js. */
export {}
