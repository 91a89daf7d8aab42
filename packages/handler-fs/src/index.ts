/** wasi:filesystem over directories of the host. */
export {}
