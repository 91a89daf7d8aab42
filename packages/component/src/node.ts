/** The `./node` entry: loading with a transpiler that works in a worker, and a cache on disk. */
export * from './index.ts'
