import { parseSync } from 'oxc-parser'

/** A part of JavaScript that needs an import: the clock, randomness, waiting. None of them needs a grant. */
export type AmbientUse = 'time' | 'chance' | 'timers'

const all: readonly AmbientUse[] = ['time', 'chance', 'timers']

const names: Readonly<Record<string, readonly AmbientUse[]>> = {
  Date: ['time'],
  performance: ['time'],
  random: ['chance'],
  crypto: ['chance'],
  getRandomValues: ['chance'],
  randomUUID: ['chance'],
  setTimeout: ['timers'],
  setInterval: ['timers'],
  // Code that is made at run time can name anything.
  eval: all,
}

/**
 * Reads from a bundled module, without running it, which ambient parts of JavaScript it uses, npm dependencies included. A
 * name counts wherever it stands, as a property or a string too: too much costs an import without authority, too little would
 * be an error at run time. (The kit throws for what is not found here; it never pretends.)
 */
export function ambientOf(source: string): readonly AmbientUse[] {
  const found = namesIn(parseSync('actor.js', source).program)
  const uses = new Set([...found].flatMap((name) => (Object.hasOwn(names, name) ? names[name]! : [])))
  if (found.has('AbortSignal') && found.has('timeout')) uses.add('timers')
  return all.filter((use) => uses.has(use))
}

/** All names and texts. Without recursion: what a bundler makes of a long list or sum is nested thousands deep. */
function namesIn(program: object): Set<string> {
  const found = new Set<string>()
  const open: object[] = [program]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const name = nameOf(node)
    if (typeof name === 'string') found.add(name)
    for (const child of Object.values(node) as unknown[]) {
      if (typeof child === 'object' && child !== null) open.push(child)
    }
  }
  return found
}

function nameOf(node: object): unknown {
  const { type, name, value, callee } = node as {
    readonly [key: string]: unknown
    readonly callee?: { readonly type: string; readonly name?: unknown }
  }
  switch (type) {
    case 'Identifier':
      return name
    case 'Literal':
      return value
    case 'CallExpression':
    case 'NewExpression':
      return callee?.type === 'Identifier' && callee.name === 'Function' ? 'eval' : undefined
    default:
      return undefined
  }
}
