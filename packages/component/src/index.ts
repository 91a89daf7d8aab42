/** From the bytes of a WebAssembly component to a checked, typed, runnable module. */
export {}
