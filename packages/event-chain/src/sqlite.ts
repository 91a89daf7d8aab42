/** The `./sqlite` entry. */
export {}
