import { createRequire } from 'node:module'
import type * as Parser from 'toml-eslint-parser'
import type { AST } from 'toml-eslint-parser'

/** A stretch of a text: where it begins, and how far it goes on its first line. Line and column count from 1, columns in UTF-16 units. */
export interface Span {
  readonly line: number
  readonly column: number
  /** Where the stretch ends on `line`; of one with several lines, undefined: to the end of that line. */
  readonly end: number | undefined
}

/** One table, array or value of a document, and where it is written. */
interface Node {
  /** The key that names it, where it is first written; undefined of an element of an array. */
  key: Span | undefined
  /** The value, or the header of a table. */
  value: Span
  /** Whether it is an inline table, or within an array: what is written in braces cannot be added to from outside. */
  closed: boolean
  /** The last line of what was written for it so far. */
  lastLine: number
  readonly inside: Map<string, Node>
}

/** Which part of an entry is meant. */
export type Part = 'key' | 'value'

/**
 * Where the keys and values of a TOML document are written: dotted keys, quoted ones, inline tables, arrays of tables.
 *
 * What a document says is not decided here but by the parser that reads it (`smol-toml`, which gives no places): this one
 * is asked when there is an error to be shown. Where it does not know, there is no place.
 */
export class TomlPlaces {
  readonly #root: Node = { key: undefined, value: start, closed: false, lastLine: 1, inside: new Map() }

  constructor(text: string) {
    const { parseTOML } = createRequire(import.meta.url)('toml-eslint-parser') as typeof Parser
    let document: AST.TOMLProgram
    try {
      document = parseTOML(text, { tomlVersion: '1.1' })
    } catch {
      return
    }
    for (const item of document.body[0].body) {
      if (item.type === 'TOMLKeyValue') this.#pair(item, this.#root)
      else this.#table(item, text)
    }
  }

  /** Where a key or value is written, or the nearest thing around it that is; undefined where nothing is. */
  find(path: readonly string[], part: Part): Span | undefined {
    let node = this.#root
    let found: Span | undefined
    for (const [i, name] of path.entries()) {
      const next = node.inside.get(name)
      // What is missing in a table is shown at the table.
      if (next === undefined) return found
      node = next
      found = part === 'key' && i === path.length - 1 ? (node.key ?? node.value) : node.value
    }
    return found
  }

  /** Whether a table can be added to by a header of its own: nothing on the way to it is written in braces. */
  isOpen(path: readonly string[]): boolean {
    let node = this.#root
    for (const name of path) {
      const next = node.inside.get(name)
      if (next === undefined) return true
      if (next.closed) return false
      node = next
    }
    return true
  }

  /** The longest beginning of a path that is written. */
  written(path: readonly string[]): readonly string[] {
    let node: Node | undefined = this.#root
    for (const [i, name] of path.entries()) {
      node = node.inside.get(name)
      if (node === undefined) return path.slice(0, i)
    }
    return path
  }

  /** The last line on which something of this table, or within it, is written. */
  lastLine(path: readonly string[]): number | undefined {
    let node: Node | undefined = this.#root
    for (const name of path) {
      node = node.inside.get(name)
      if (node === undefined) return undefined
    }
    return lastOf(node)
  }

  #table({ key, kind, body, loc }: AST.TOMLTable, text: string): void {
    const line = loc.start.line
    const header: Span = {
      line,
      column: loc.start.column + 1,
      end:
        key.loc.end.column + 1 + text.indexOf(']', key.range[1]) - key.range[1] + (kind === 'array' ? 2 : 1),
    }
    let node = this.#walk(key.keys.slice(0, -1), this.#root)
    const last = key.keys.at(-1)
    if (last === undefined) return
    node = enter(node, nameOf(last), spanOf(last), header)
    if (kind === 'array') {
      const item = String(node.inside.size)
      node.closed = true
      node = enter(node, item, undefined, header)
    }
    // A table that was only mentioned before is written here.
    node.value = header
    node.lastLine = Math.max(node.lastLine, line)
    for (const pair of body) this.#pair(pair, node)
  }

  #pair({ key, value, loc }: AST.TOMLKeyValue, within: Node): void {
    within.lastLine = Math.max(within.lastLine, loc.end.line)
    const last = key.keys.at(-1)
    if (last === undefined) return
    const node = enter(this.#walk(key.keys.slice(0, -1), within), nameOf(last), spanOf(last), spanOf(value))
    node.lastLine = Math.max(node.lastLine, loc.end.line)
    this.#value(value, node)
  }

  #value(value: AST.TOMLContentNode, node: Node): void {
    // A document can be nested deeper than a stack is; what lies deeper than any manifest has no place of its own.
    const todo: { value: AST.TOMLContentNode; node: Node; depth: number }[] = [{ value, node, depth: 0 }]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (next.value.type === 'TOMLValue' || next.depth > MAX_DEPTH) continue
      next.node.closed = true
      const depth = next.depth + 1
      if (next.value.type === 'TOMLArray') {
        for (const [i, item] of next.value.elements.entries())
          todo.push({ value: item, node: enter(next.node, String(i), undefined, spanOf(item)), depth })
        continue
      }
      for (const pair of next.value.body) {
        const last = pair.key.keys.at(-1)
        if (last === undefined) continue
        const inner = this.#walk(pair.key.keys.slice(0, -1), next.node)
        todo.push({
          value: pair.value,
          node: enter(inner, nameOf(last), spanOf(last), spanOf(pair.value)),
          depth,
        })
      }
    }
  }

  /** Follows keys, and makes what is not there yet. Of an array of tables, its last one is meant. */
  #walk(keys: readonly Key[], from: Node): Node {
    let node = from
    for (const key of keys) {
      node = enter(node, nameOf(key), spanOf(key), spanOf(key))
      const items = node.inside.size
      if (node.closed && node.inside.has(String(items - 1))) node = node.inside.get(String(items - 1)) ?? node
    }
    return node
  }
}

type Key = AST.TOMLBare | AST.TOMLQuoted

const MAX_DEPTH = 64
const start: Span = { line: 1, column: 1, end: undefined }

function enter(node: Node, name: string, key: Span | undefined, value: Span): Node {
  const known = node.inside.get(name)
  if (known !== undefined) return known
  const made = { key, value, closed: false, lastLine: value.line, inside: new Map<string, Node>() }
  node.inside.set(name, made)
  return made
}

function lastOf(node: Node): number {
  let last = 0
  const todo = [node]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    last = Math.max(last, next.lastLine)
    todo.push(...next.inside.values())
  }
  return last
}

function nameOf(key: Key): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}

function spanOf({ loc: { start: from, end: to } }: AST.TOMLNode): Span {
  return {
    line: from.line,
    column: from.column + 1,
    end: to.line === from.line ? to.column + 1 : undefined,
  }
}
