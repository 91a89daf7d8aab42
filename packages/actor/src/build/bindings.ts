/** What takes a tuple apart, which the engine does by an iterator. */
const tuple = /\bvar \[(\w+(?:, \w+)*)\] = (\w+);/g

/** The names of the two functions that are written anew. */
const encode = 'function _utf8AllocateAndEncode('
const debug = 'const _debugLog = '

/** The engine's own encoder in place of a loop over the letters, which in an engine without a compiler takes as long as most handlers. */
const encoded = `function _utf8AllocateAndEncode(s, realloc, memory) {
  if (typeof s !== 'string') throw new TypeError('expected a string, received [' + typeof s + ']');
  if (s.length === 0) return { ptr: 1, len: 0 };
  const bytes = TEXT_ENCODER_UTF8.encode(s);
  const len = bytes.length;
  const ptr = realloc(0, 0, 1, len);
  new Uint8Array(memory.buffer, ptr, len).set(bytes);
  return { ptr, len };
}
`

/** Nobody reads it: an actor has no environment. */
const silent = `const _debugLog = () => {};
`

/**
 * The JavaScript that componentize-js puts between the engine and the world, with what is done for each string, tuple and call written
 * anew.
 *
 * @throws Error where these are not what they were
 */
export function quickBindings(bindings: string): string {
  const text = replaced(replaced(bindings, encode, '\n}\n', encoded), debug, '\n};\n', silent)
  return text.replaceAll(tuple, (_all, names: string, from: string) => {
    const taken = names.split(', ').map((name, i) => `${name} = ${from}[${i}]`)
    return `var ${taken.join(', ')};`
  })
}

/** With another text from where it starts to where it ends; a world without strings has no function for them. */
function replaced(text: string, start: string, end: string, by: string): string {
  const from = text.indexOf(start)
  if (from < 0) return text
  const to = text.indexOf(end, from)
  if (to < 0 || text.includes(start, from + 1) || text.includes('encodeRes.codepoints'))
    throw new Error(`the bindings have another ${start}…: this is another version of componentize-js`)
  return text.slice(0, from) + by + text.slice(to + end.length)
}
