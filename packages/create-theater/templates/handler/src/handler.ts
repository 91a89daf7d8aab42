import { defineHandler, WitError } from '@theater/handler'
import { memory, type Backend } from './backend.ts'

/** What an actor may do with notes: data, as it stands in theater.toml. */
export type NotesGrant = {
  /** The names that begin so; all, where it is empty. */
  readonly prefix: string
  /** Read, or read and write. */
  readonly rights: 'r' | 'rw'
}

/** How a host sets it up. */
export interface NotesOptions {
  /** What keeps the notes. @default `memory()` */
  readonly backend?: Backend
}

// A track: every version 0.1.x of the interface.
const NOTES = 'my:notes/notes@0.1'

/** Notes for actors. Grants nothing by itself. */
export function notes({ backend = memory() }: NotesOptions = {}) {
  return defineHandler<NotesGrant, object>({
    name: 'notes',
    interfaces: [NOTES],
    grant: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      description: 'Lets the actor use notes.',
      examples: [{ prefix: '', rights: 'r' }],
      type: 'object',
      additionalProperties: false,
      required: ['prefix', 'rights'],
      properties: {
        prefix: { description: 'What the names of its notes begin with.', type: 'string' },
        rights: { description: 'r: read. rw: also write.', enum: ['r', 'rw'] },
      },
    },
    functions: {
      [`${NOTES}#read`]: { mode: 'async', effect: 'read', ask: ({ args }) => asked(args, 'r'), deny },
      // Writing again what was written changes nothing, so after a crash it is simply done again.
      [`${NOTES}#write`]: { mode: 'async', effect: 'idempotent', ask: ({ args }) => asked(args, 'rw'), deny },
      // It has no error to refuse with: it answers what the grant covers, and nothing else.
      [`${NOTES}#names`]: { mode: 'async', effect: 'read' },
    },
    within(child, parent) {
      if (!child.prefix.startsWith(parent.prefix))
        return { refused: `${child.prefix} is not within ${parent.prefix}` }
      if (child.rights === 'rw' && parent.rights === 'r') return { refused: 'writing is not within reading' }
      return true
    },
    authorize(grant, ask) {
      const { name, need } = ask
      if (typeof name !== 'string') return { refused: 'no note is named' }
      if (!name.startsWith(grant.prefix)) return { refused: `${name} is not below ${grant.prefix}` }
      if (need === 'rw' && grant.rights === 'r')
        return { refused: `${grant.prefix} was granted for reading only` }
      return true
    },
    bind(actor, grant) {
      return {
        imports: {
          [NOTES]: {
            async read(name: string) {
              actor.signal.throwIfAborted()
              const text = await backend.read(name)
              if (text === undefined) throw new WitError('no-entry')
              return text
            },
            async write(name: string, text: string) {
              actor.signal.throwIfAborted()
              await backend.write(name, text)
            },
            async names() {
              actor.signal.throwIfAborted()
              const all = await backend.names()
              return all.filter((name) => name.startsWith(grant.prefix)).toSorted()
            },
          },
        },
      }
    },
  })
}

// The laws call it with anything: what a call asks for is never an error.
function asked([name]: readonly unknown[], need: 'r' | 'rw') {
  return { name: typeof name === 'string' ? name : '', need }
}

function deny(): WitError {
  return new WitError('denied')
}
