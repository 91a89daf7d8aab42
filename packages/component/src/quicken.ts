/**
 * Makes jco's JavaScript quicker, without a change of what it does.
 *
 * The glue is evaluated once for each instance, so that each has classes of its own. A private name is another one for
 * each class, and the engine's caches, which are shared by all instances of the code, know a name at a place only as long
 * as it is the same: with a second instance a private field takes ten times as long as a property. And what
 * `_debugLog` is called with is made each time, though nobody prints it.
 *
 * Both are half of what a call of a guest that does little takes. And each call of an import that waits ends with an error
 * that jco throws to itself and drops, with the stack that it was made on. Where the text is not of the form that is known here it
 * stays as it is.
 */
import type { GlueParts } from './image/glue-state.ts'

/** Where jco's own text ends: what follows has names of the component in it. */
const ownEnd = /\n\s*const module0 = getCoreModule\(/
/** A private name where it is declared or used. In front of one in a text of the log is the name of a class. */
const privateName = /(?<![\w$\]'"`])#(?=[A-Za-z_])/g
const log = /\b_debugLog\(/g
/** Names for the log, made anew for each call of an import. */
const target = /^\s*(?:newSubtask|waitable)\.setTarget\(`[^`]*`\);$/gm

/** How what comes from every call of an import takes its parameters, and how it takes them without an iterator. */
const listed =
  /function _lowerImportBackwardsCompat\(args\) \{\s*const params = \[\.\.\.arguments\]\.slice\(1\);/
const rest = 'function _lowerImportBackwardsCompat(args, ...params) {'

/** What is thrown, and dropped, behind each call that waited. */
const pending = /throw (new Error\('waitables with pending events cannot be dropped'\));/
/** One error for all of them. */
const onePending = 'throw (Waitable._pending ??= $1);'

/** What private names are called instead. */
const asProperty = '_$'

/** Takes the log, the private names and an error without a reader out. */
export function quickened(parts: GlueParts): GlueParts {
  const { helpers, guest } = parts
  const end = ownEnd.exec(helpers)?.index ?? 0
  const own = helpers.slice(0, end)
  // No name of a component has a parenthesis.
  return {
    ...parts,
    helpers: quiet((own.includes(asProperty) ? own : bare(own)) + helpers.slice(end)),
    guest: quiet(guest),
  }
}

function quiet(text: string): string {
  return text.replace(log, 'false && _debugLog(')
}

function bare(text: string): string {
  return text
    .replace(target, '')
    .replace(listed, rest)
    .replace(pending, onePending)
    .replace(privateName, asProperty)
}
