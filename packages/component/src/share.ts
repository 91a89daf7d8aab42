/**
 * The classes of jco's glue, once for all instances of a component.
 *
 * The glue is evaluated for each instance, and would make its classes anew each time: then each instance has objects of shapes of
 * its own, and the engine, whose caches are of the code that all instances share, remembers fewer shapes than a hundred instances
 * have. What those classes know of their instance they ask an object that belongs to it, which each of theirs holds. Nothing of an
 * instance stays with the classes themselves, and they are frozen.
 *
 * A text is only changed if each class is, to the letter, one of which it is known that it has nothing else of its instance.
 */
import { sha256 } from '@theater/values'

/** What an object of the glue asks of its instance, under this name. No name of a component has an underscore. */
const ofInstance = '_$of'

/** The classes, in their order, with the start of the sha-256 of their texts without what lines begin with. */
const known = [
  ['Waitable', '3df3aede8d487c6c'],
  ['RepTable', '5a89ac9642660dbd'],
  ['ComponentAsyncState', 'a0afb1fa1a82239c'],
  ['AsyncSubtask', '56c323c50194264f'],
  ['FutureValue', '86928d4d55c31336'],
  ['AsyncTask', '17ad4830623640ab'],
] as const

/** What those that have something of their instance are made with, first. */
const bound = ['Waitable', 'ComponentAsyncState', 'AsyncSubtask', 'AsyncTask'] as const

/** The number of the last scope of resources. */
const scope = 'RESOURCE_SCOPE_ID'
const ownScope = `let ${scope} = 0;`
const scopes = new RegExp(`\\b${scope}\\b`, 'g')

/** What is there once for each instance, and never changes. */
const constants = [
  'ASYNC_DETERMINISM',
  'ASYNC_EVENT_CODE',
  'INSTANCE_FLAGS',
  'RESOURCE_SCOPE_TASKS',
  'STORE_TRAP',
  'WebAssemblyRuntimeError',
  '_checkForDeadlock',
  '_coinFlip',
  '_normalizeCoreTrap',
  '_withGlobalCurrentTaskMeta',
  '_withGlobalCurrentTaskMetaAsync',
  'clearCurrentTask',
  'getOrCreateAsyncState',
  'lookupMemoriesForComponent',
]

const asked = new RegExp(`(?<![\\w$.'"\`\\[])(?:${constants.join('|')}|${scope})\\b`, 'g')
const counter = /\b(AsyncTask|AsyncSubtask)\._ID\b/g
const ownCounter = /^ *static _ID = 0n;$/m
const made = new RegExp(`\\bnew (${bound.join('|')})\\(`, 'g')
const begin = new RegExp(`^( *class (?:${bound.join('|')}) \\{)$`, 'm')
const subclass = new RegExp(`\\bextends (?:${known.map(([name]) => name).join('|')})\\b`)
const constructs = /^( *)constructor\((\w+)\) \{$/m

/** Glue of which a part is evaluated once. */
export interface SharedGlue {
  /** What declares the classes. */
  readonly shared: string
  /** What is evaluated for each instance. */
  readonly own: string
}

/** Takes the classes out of jco's helpers. */
export function shareClasses(helpers: string): SharedGlue {
  const asItWas = { shared: '', own: helpers }
  if (subclass.test(helpers) || helpers.includes(here) || helpers.split(ownScope).length !== 2) return asItWas
  let own = helpers
  let shared = ''
  for (const [name, digest] of known) {
    const text = classText(own, name)
    if (text === undefined || digestOf(text) !== digest) return asItWas
    shared += `${withInstance(text)}\n`
    own = own.replace(text, () => (name === 'AsyncTask' ? here : ''))
  }
  return {
    shared: shared + frozen,
    own: own
      .replace(made, `new $1(${ofInstance}, `)
      .replace(counter, `${ofInstance}.$1`)
      .replace(ownScope, '')
      .replace(scopes, `${ofInstance}.$&`)
      .replace(here, () => instance),
  }
}

/** Where {@link instance} comes. No name of a component has a star. */
const here = '/**/'

/** Plain properties, so that it is of one shape in all instances. */
const instance = `const ${ofInstance} = {
  ${scope}: 0, AsyncTask: 0n, AsyncSubtask: 0n, pending: undefined,
  ${constants.join(', ')},
};
`

/** Nothing can be put into what all instances have. */
const frozen = `for (const one of [${known.map(([name]) => name).join(', ')}]) {
  for (const key of Object.getOwnPropertyNames(one)) Object.freeze(one[key]);
  Object.freeze(one);
}
`

function withInstance(text: string): string {
  const asking = text
    .replace(ownCounter, '')
    .replace('Waitable._pending', `this.${ofInstance}.pending`)
    .replaceAll('promiseWithResolvers()', 'Promise.withResolvers()')
    .replace(counter, `this.${ofInstance}.$1`)
    .replace(asked, `this.${ofInstance}.$&`)
    .replace(made, `new $1(this.${ofInstance}, `)
  if (!begin.test(asking)) return asking
  return asking
    .replace(begin, `$1\n${ofInstance};`)
    .replace(constructs, `$1constructor(${ofInstance}, $2) {\n$1  this.${ofInstance} = ${ofInstance};`)
}

/** The text of a class, up to where as many braces were closed as opened; undefined where there is none. */
function classText(text: string, name: string): string | undefined {
  const start = new RegExp(`^ *class ${name} \\{$`, 'm').exec(text)?.index
  if (start === undefined) return undefined
  let depth = 0
  for (const { 0: brace, index } of text.slice(start).matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1
    if (depth === 0) return text.slice(start, start + index + 1)
  }
  return undefined
}

function digestOf(text: string): string {
  const digest = sha256(new TextEncoder().encode(text.replace(/^ +/gm, '')))
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
