// Controls (terminal control sequences, line breaks), format characters (which reorder or hide the text around them),
// line and paragraph separators, and surrogates without a partner.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * Returns text that a terminal shows and cannot obey, on one line: every control, separator, reordering or invisible
 * character is replaced by its escape (`\x1b`, `\u{202e}`; `\n`, `\r` and `\t` by those). For sinks: what an actor
 * logs is guest-controlled, and the record keeps it as it was.
 *
 * @example
 * printable('\u001b[2Jgone\nfor good') // '\\x1b[2Jgone\\nfor good'
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escape)
}

function escape(character: string): string {
  switch (character) {
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
    default: {
      const hex = (character.codePointAt(0) ?? 0).toString(16)
      return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`
    }
  }
}
