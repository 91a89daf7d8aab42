import { type Guards, off } from './patch.ts'

const grants = 'runtime/src/grants.ts'
const family = 'runtime/src/family.ts'
const limits = 'runtime/src/limits.ts'

/** What keeps actors apart, few, and within what they were granted. */
export const actors: Guards = {
  descendants: [off(family, 'if (taken + 1 + descendants > most)')],
  narrowing: [
    off(grants, 'if (held === undefined)'),
    {
      file: grants,
      text: 'const verdict = this.#checkShape(actor, name, grant).within(grant as never, held as never)',
      with: 'const verdict = this.#checkShape(actor, name, grant) && true',
    },
  ],
  'grant-text': [off('handler-supervisor/src/read-grants.ts', 'if (keysIn(text) !== keysOf(value))')],
  'components-granted': [
    {
      file: 'handler-supervisor/src/grant.ts',
      text: 'return components.some((entry) => digestOf(entry) === digest)',
      with: 'return components.length > 0 || digest !== ""',
    },
  ],
  'own-children': [off(family, 'if (!isChild(child.birth, parent))')],
  receivers: [
    {
      file: 'handler-messaging/src/grant.ts',
      text: 'if (held.some((pattern) => matches(pattern, name))) return true',
      with: 'if (true) return true',
    },
  ],
  'channel-ends': [
    off('runtime/src/channels.ts', 'if (state === undefined || !wanted || !this.#isThere(channel, to))'),
  ],
  'message-bytes': [
    off('handler-messaging/src/handler.ts', 'if (sizeOf(message) > limit) throw new WitError<SendError>'),
  ],
  'actor-ids': [
    { file: 'runtime/src/birth.ts', text: 'return ID.test(text)', with: 'return ID.test(text) || true' },
  ],
  'unmet-imports': [off('runtime/src/components.ts', 'if (resolution.unmet.length > 0)')],
  'grant-schemas': [off(grants, 'if (!validate(grant)) {')],
  'grant-handlers': [
    {
      file: grants,
      text: 'const handler = this.#handlers.get(name)\n    if (handler === undefined) {',
      with: 'const handler = this.#handlers.get(name)\n    if (false) {',
    },
  ],
  ceiling: [{ file: grants, text: 'if (this.#ceiling === undefined) continue', with: 'if (true) continue' }],
  'limits-known': [off(limits, 'if (!isLimit(name)) {')],
  'limits-whole': [off(limits, 'if (!Number.isSafeInteger(value) || value < least) {')],
}
