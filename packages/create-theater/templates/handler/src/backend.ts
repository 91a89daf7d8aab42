/** What keeps the notes. It knows nothing of grants: what it is asked was authorized. */
export interface Backend {
  /** The text of a note; undefined where there is none. */
  read(name: string): Promise<string | undefined>
  /** Writes a note, over the one before. */
  write(name: string, text: string): Promise<void>
  /** The names of all notes, in any order. */
  names(): Promise<readonly string[]>
}

/** Keeps notes in memory, in a map that a test can look into. */
export function memory(notes: Map<string, string> = new Map()): Backend {
  return {
    read: async (name) => notes.get(name),
    write: async (name, text) => void notes.set(name, text),
    names: async () => [...notes.keys()],
  }
}
