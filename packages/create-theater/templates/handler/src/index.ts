/** Notes for actors, by name, as `my:notes`. */
export { memory, type Backend } from './backend.ts'
export { notes, notes as default, type NotesGrant, type NotesOptions } from './handler.ts'
