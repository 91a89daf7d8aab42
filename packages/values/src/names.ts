import { ValueError } from './errors.ts'
import { show } from './shape.ts'

/**
 * Returns the JavaScript key of a WIT name, as jco spells it: the words of `name` joined, each but the first with a
 * capital, everything else small: `open-at` → `openAt`, `HTTP-status` → `httpStatus`, `a-1` → `a1`.
 *
 * The rule is `to_lower_camel_case` of the Rust crate [heck](https://docs.rs/heck) for the names that WIT allows, where a
 * word is all small or all capital. Two names can have one key (`a-1` and `a1`): `checkModel` refuses such a model.
 */
export function camelCase(name: string): string {
  let out = ''
  for (const word of name.split(/[^0-9A-Za-z]+/)) {
    for (const part of splitCase(word)) {
      out += out === '' ? part.toLowerCase() : part.charAt(0).toUpperCase() + part.slice(1).toLowerCase()
    }
  }
  return out
}

// WIT has no words of mixed case; heck splits them like this, and so do we.
function splitCase(word: string): string[] {
  const parts = word.match(/[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+|[0-9]+|[A-Z]/g)
  return parts ?? []
}

/**
 * Returns the keys of the fields or flags `names`.
 *
 * @throws ValueError `bad-model` when two of them have one key, or one has none.
 */
export function distinctKeys(names: readonly string[]): string[] {
  const owners = new Map<string, string>()
  return names.map((name) => {
    const key = camelCase(name)
    if (key === '') throw new ValueError('bad-model', `${show(name)} has no JavaScript key`)
    const owner = owners.get(key)
    if (owner !== undefined) {
      throw new ValueError(
        'bad-model',
        `${show(owner)} and ${show(name)} are both ${show(key)} in JavaScript`,
      )
    }
    owners.set(key, name)
    return key
  })
}
