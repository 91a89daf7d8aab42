import { quickExports } from './quick-exports.ts'

/** What takes a tuple apart, which the engine does by an iterator. */
const tuple = /\bvar \[(\w+(?:, \w+)*)\] = (\w+);/g

/** The names of the functions that are written anew. */
const encode = 'function _utf8AllocateAndEncode('
const debug = 'const _debugLog = '
const view = 'let dv = new DataView(new ArrayBuffer());\n'

/** A line of a log that nobody reads, with the object that it is given. */
const logged = /^ *_debugLog\((?:'[^'\n]*'|"[^"\n]*")(?:, \{[^{}]*\})?\);\n/gm

/** What hands a text, or bytes, to the world, and what takes a text from it. */
const lowersText =
  /var encodeRes = _utf8AllocateAndEncode\(([^,;]+), \$realloc, \$memory\);\s*var ptr(\d+)= encodeRes\.ptr;\s*var len\2 = encodeRes\.len;/g
const lowersBytes =
  /var len(\d+) = Array\.isArray\(val\1\) \? val\1\.length : val\1\.byteLength;\s*var ptr\1 = \$realloc\(0, 0, 1, len\1 \* 1\);[^\0]*?out\1\.set\(valData\1\);\s*\}/g
const liftsBytes =
  /(?:if \(ptr\d+ % 1 !== 0\) throw new TypeError\(`list pointer \[\$\{ptr\d+\}\] is not aligned to 1`\);\s*)?var result(\d+) = new Uint8Array\(\$memory\.buffer\.slice\(ptr\1, ptr\1 \+ len\1 \* 1\)\);/g
const liftsText = /TEXT_DECODER_UTF8\.decode\(new Uint8Array\(\$memory\.buffer, (\w+), (\w+)\)\)/g

/** What reads and writes numbers of four bytes, which are where four divides the address, and of one. */
const writes =
  /dataView\(\$memory\)\.set(Uint32|Int32|Int16|Int8|Uint8)\(([^,()]+), (?:toUint16\(([\w.]+)\)|([^,();]+)), true\)/g
const reads = /dataView\(\$memory\)\.get(Uint32|Int32|Uint8)\(([^,()]+), true\)/g

const element = {
  Uint32: (at: string): string => `_u32[(${at}) >>> 2]`,
  Int32: (at: string): string => `_i32[(${at}) >>> 2]`,
  Int16: (at: string): string => `_u16[(${at}) >>> 1]`,
  Uint8: (at: string): string => `_u8[${at}]`,
  Int8: (at: string): string => `_u8[${at}]`,
}

/**
 * The memory as arrays that stay. It only ever grows, and where it is does not change: an array is too short at most. Each `$memory.buffer`
 * is a call of the engine, and each array that is made for one string garbage.
 */
const arrays = `let _size = 0, _u8, _u16, _u32, _i32;
function _grow() {
  const buffer = $memory.buffer;
  _size = buffer.byteLength;
  _u8 = new Uint8Array(buffer);
  _u16 = new Uint16Array(buffer, 0, _size >>> 1);
  _u32 = new Uint32Array(buffer, 0, _size >>> 2);
  _i32 = new Int32Array(buffer, 0, _size >>> 2);
}
`

/** Texts and bytes in both directions. What is lowered gives its length, and leaves where it is in `_at`. Bytes may be given as the text that they are in UTF-8. */
const texts = `let _at = 0;
function _lowerText(s) {
  if (typeof s !== 'string') throw new TypeError('expected a string, received [' + typeof s + ']');
  const most = s.length * 3;
  if (most === 0) return (_at = 1, 0);
  if (most <= 4096) {
    const at = _at = $realloc(0, 0, 1, most);
    if (at + most > _size) _grow();
    return TEXT_ENCODER_UTF8.encodeInto(s, _u8.subarray(at, at + most)).written;
  }
  const bytes = TEXT_ENCODER_UTF8.encode(s);
  return _lowerBytes(bytes);
}
function _lowerBytes(value) {
  if (typeof value === 'string') return _lowerText(value);
  const list = Array.isArray(value);
  const length = list ? value.length : value.byteLength;
  const at = $realloc(0, 0, 1, length);
  if (at + length > _size) _grow();
  if (list) {
    for (const one of value) _requireValidNumericPrimitive('u8', one);
    _u8.set(value, at);
  } else _u8.set(value.BYTES_PER_ELEMENT === 1 ? value : new Uint8Array(value.buffer || value, value.byteOffset, length), at);
  _at = at;
  return length;
}
function _liftBytes(at, length) {
  if (at + length > _size) _grow();
  return _u8.slice(at, at + length);
}
function _liftText(at, length) {
  if (length === 0) return '';
  if (at + length > _size) _grow();
  return TEXT_DECODER_UTF8.decode(_u8.subarray(at, at + length));
}
`

/** Nobody reads it: an actor has no environment. */
const silent = `const _debugLog = () => {};
`

/**
 * The JavaScript that componentize-js puts between the engine and the world, with what is done for each call, string, list of bytes, number
 * and tuple written anew: in an engine without a compiler that takes longer than most handlers, and leaves more behind.
 *
 * @throws Error where these are not what they were
 */
export function quickBindings(bindings: string): string {
  const quiet = replaced(bindings, debug, '\n};\n', () => silent).replaceAll(logged, '')
  const lowered = replaced(quiet, encode, '\n}\n', () => texts)
    .replaceAll(lowersText, 'var len$2 = _lowerText($1), ptr$2 = _at;')
    .replaceAll(lowersBytes, 'var len$1 = _lowerBytes(val$1), ptr$1 = _at;')
    .replaceAll(liftsBytes, 'var result$1 = _liftBytes(ptr$1, len$1);')
    .replaceAll(liftsText, '_liftText($1, $2)')
  if (lowered.includes('_utf8AllocateAndEncode') || lowered.includes('valData')) throw another(encode)
  const taken = lowered.replaceAll(tuple, (_all, names: string, from: string) => {
    const parts = names.split(', ').map((name, i) => `${name} = ${from}[${i}]`)
    return `var ${parts.join(', ')};`
  })
  const numbers = taken
    .replaceAll(writes, (_all, type: keyof typeof element, at: string, short?: string, value?: string) => {
      return `${within(type, at)}${element[type](at)} = ${value ?? short}`
    })
    .replaceAll(reads, (_all, type: keyof typeof element, at: string) => {
      return `(${within(type, at)}${element[type](at)})`
    })
  return inFunction(quickExports(replaced(numbers, view, '', () => `${arrays}${view}`)))
}

/**
 * In a function, with what the engine asks for by name put where it looks. A name of a script is looked up at each use, one of a function is
 * not.
 */
function inFunction(bindings: string): string {
  const asked = [...bindings.matchAll(/^ *(?:async )?function (export_[\w$]+|bindExports)\(/gm)].map(
    ([, name]) => name,
  )
  return `(function () {\n${bindings}\nObject.assign(globalThis, { ${asked.join(', ')} });\n})();\n`
}

/** What makes sure that an address is in the arrays. */
function within(type: keyof typeof element, at: string): string {
  return `${at} + ${type.endsWith('32') ? 4 : 1} > _size && _grow(), `
}

/** With another text from where it starts to where it ends; a world without strings has no function for them. */
function replaced(text: string, start: string, end: string, by: () => string): string {
  const from = text.indexOf(start)
  if (from < 0) return text
  const to = text.indexOf(end, from + (end === '' ? start.length : 0))
  if (to < 0 || text.includes(start, from + 1) || text.includes('encodeRes.codepoints')) throw another(start)
  return text.slice(0, from) + by() + text.slice(to + end.length)
}

function another(what: string): Error {
  return new Error(`the bindings have another ${what}…: this is another version of componentize-js`)
}
