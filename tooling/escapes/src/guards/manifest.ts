import { type Guards, off, type Patch } from './patch.ts'

const manifest = 'cli/src/manifest.ts'

/** Faults of one kind are not told. */
const untold = (code: string): Patch => ({
  file: manifest,
  text: 'if (said.length > 0) throw source.error(said)',
  with: `const told = said.filter((fault) => fault.code !== '${code}'); if (told.length > 0) throw source.error(told)`,
})

/** What keeps a manifest from meaning something else than it seems to. */
export const manifestGuards: Guards = {
  'manifest-keys': [untold('unknown-key')],
  'manifest-ids': [untold('bad-id')],
  'manifest-prototypes': [
    { file: manifest, text: "unsafeKeyBehaviour: 'throw',", with: "unsafeKeyBehaviour: 'define'," },
    untold('bad-id'),
  ],
  'manifest-depth': [{ file: manifest, text: 'const MAX_DEPTH = 64', with: 'const MAX_DEPTH = 1e9' }],
  'manifest-bytes': [off(manifest, 'if (size > MAX_BYTES)')],
  'manifest-terminal': [
    {
      file: 'cli/src/manifest-source.ts',
      text: 'const shown = printable(message)',
      with: 'const shown = message',
    },
  ],
  'log-terminal': [
    {
      file: 'handler-log/src/printable.ts',
      text: 'return text.replace(UNPRINTABLE, escape)',
      with: 'return text',
    },
  ],
}
