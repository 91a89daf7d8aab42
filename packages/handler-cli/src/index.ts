/** wasi:cli: environment, standard streams, exit, terminal. */
export {}
