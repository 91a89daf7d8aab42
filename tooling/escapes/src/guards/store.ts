import { type Guards, off } from './patch.ts'

const handler = 'handler-store/src/handler.ts'
const grant = 'handler-store/src/grant.ts'
const session = 'handler-store/src/session.ts'
const memory = 'handler-store/src/memory.ts'

/** What keeps the stores of actors apart, and small. */
export const store: Guards = {
  'store-spaces': [
    {
      file: 'handler-store/src/space.ts',
      text: 'namespace === undefined ? `actor:${actor}` : `shared:${namespace}`',
      with: "'all'",
    },
  ],
  'store-names': [off(handler, 'if (!isName(name) || (value !== undefined && !isHash(value)))')],
  'store-prefix': [{ file: grant, text: 'if (name.startsWith(labels))', with: 'if (true)' }],
  'store-rights': [
    {
      file: grant,
      text: 'rights.some((right) => right === wanted)',
      with: 'true',
    },
  ],
  'store-quota': [off(memory, 'if (there === undefined && total > quota)')],
  'store-labels': [{ file: memory, text: 'space.labels.size >= limit)', with: 'limit < 0)' }],
  'store-call-bytes': [off(session, 'if (bytes > callBytes)')],
  'store-uploads': [off(memory, 'if (uploads.size >= limit)')],
  'store-upload-quota': [off(memory, 'if (total > quota)')],
}
