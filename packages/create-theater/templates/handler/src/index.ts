/** Notes for actors, by name, as `my:notes`. */
export { memory, type Backend } from './backend.ts'
export { notes, type NotesGrant, type NotesOptions } from './handler.ts'
