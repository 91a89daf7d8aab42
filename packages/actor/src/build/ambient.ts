import { parseSync } from 'oxc-parser'

/** A part of JavaScript that needs an import: the clock, randomness, waiting. None of them needs a grant. */
export type AmbientUse = 'time' | 'chance' | 'timers'

/** What the code of an actor names, its npm dependencies included. */
export interface AmbientUses {
  /** The parts that the component must import. */
  readonly uses: readonly AmbientUse[]
  /** Offsets of readings of the clock that run while the modules are loaded, which is at build time. */
  readonly readings: readonly number[]
  /** Offsets of calls of the global `fetch`. */
  readonly fetches: readonly number[]
}

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
  eval: ['time', 'chance', 'timers'],
}

/**
 * Reads from a bundled module, without running it, which ambient parts of JavaScript it uses. A name counts wherever it
 * stands, as a property or a string too: too much costs an import without authority, too little would be an error at run
 * time. (The kit throws for what is not found here; it never pretends.)
 */
export function ambientOf(source: string): AmbientUses {
  const walk = new Walk()
  walk.run(parseSync('actor.js', source).program)
  const { found } = walk
  if (found.has('AbortSignal') && found.has('timeout')) walk.uses.add('timers')
  return {
    uses: (['time', 'chance', 'timers'] as const).filter((use) => walk.uses.has(use)),
    readings: walk.readings.toSorted((a, b) => a - b),
    // A name of the actor's own hides the global one.
    fetches: walk.declared.has('fetch') ? [] : walk.fetches.toSorted((a, b) => a - b),
  }
}

/** A node of the syntax tree, whatever it is. */
interface Node {
  readonly type: string
  readonly start: number
  readonly name?: unknown
  readonly value?: unknown
  readonly callee?: Node
  readonly object?: Node
  readonly property?: Node
  readonly arguments?: readonly unknown[]
  readonly id?: Node | null
  readonly local?: Node
  readonly static?: boolean
}

class Walk {
  readonly uses = new Set<AmbientUse>()
  readonly found = new Set<string>()
  readonly declared = new Set<string>()
  readonly readings: number[] = []
  readonly fetches: number[] = []

  /** Without recursion: what a bundler makes of a long list or sum is nested thousands deep. */
  run(program: object): void {
    const open: (readonly [value: object, atLoad: boolean])[] = [[program, true]]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [value, atLoad] = next
      if (isNode(value)) this.#note(value, atLoad)
      const inside = atLoad && !(isNode(value) && isLater(value))
      for (const child of Object.values(value) as unknown[]) {
        if (typeof child === 'object' && child !== null) open.push([child, inside])
      }
    }
  }

  #note(node: Node, atLoad: boolean): void {
    switch (node.type) {
      case 'Identifier':
        return this.#name(node.name)
      case 'Literal':
        return this.#name(node.value)
      case 'FunctionDeclaration':
      case 'VariableDeclarator':
        return this.#declare(node.id)
      case 'ImportSpecifier':
      case 'ImportDefaultSpecifier':
        return this.#declare(node.local)
      case 'CallExpression':
      case 'NewExpression': {
        const callee = pathOf(node.callee)
        if (callee === 'Function') this.#name('eval')
        if (callee === 'fetch') this.fetches.push(node.start)
        if (!atLoad) return
        const bare = node.arguments?.length === 0
        if (callee === 'Date.now' || callee === 'performance.now' || (callee === 'Date' && bare)) {
          this.readings.push(node.start)
        }
      }
    }
  }

  #name(name: unknown): void {
    if (typeof name !== 'string') return
    if (name === 'AbortSignal' || name === 'timeout') this.found.add(name)
    if (Object.hasOwn(names, name)) for (const use of names[name]!) this.uses.add(use)
  }

  #declare(id: Node | null | undefined): void {
    if (typeof id?.name === 'string') this.declared.add(id.name)
  }
}

/** `Date.now` for the expression that says so; the global object in front of a name says nothing. */
function pathOf(node: Node | undefined): string | undefined {
  if (node?.type === 'Identifier') return String(node.name)
  if (node?.type !== 'MemberExpression' || node.property?.type !== 'Identifier') return undefined
  const object = pathOf(node.object)
  if (object === undefined) return undefined
  const property = String(node.property.name)
  return object === 'globalThis' || object === 'self' ? property : `${object}.${property}`
}

/** Whether what is inside runs later than the module. */
function isLater({ type, static: isStatic }: Node): boolean {
  return (
    type === 'FunctionDeclaration' ||
    type === 'FunctionExpression' ||
    type === 'ArrowFunctionExpression' ||
    (type === 'PropertyDefinition' && isStatic === false)
  )
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string'
}
