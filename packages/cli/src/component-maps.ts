import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import type { SourceMapPayload } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'

/** A place in the sources of an actor. */
export interface Frame {
  /** What the engine calls the function. */
  readonly name: string
  /** Relative to the current folder. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** The map that `theater build` writes beside a component, as far as it is read. */
interface ComponentMap extends SourceMapPayload {
  readonly sourceRoot: string
  readonly ignoreList?: readonly number[]
  readonly x_theater: { readonly component: string; readonly module: string }
}

interface Loaded {
  readonly map: SourceMap
  readonly payload: ComponentMap
  readonly ignored: ReadonlySet<string>
}

/** No map that `theater build` writes is as large. */
const MAX_BYTES = 32 * 1024 * 1024

/** The frames of a stack that people are shown: recursion makes many. */
const SHOWN = 12

/**
 * The source maps of a data folder's components, by digest. They are for showing alone: nothing of them is recorded, and
 * a record says the same with and without.
 */
export class ComponentMaps {
  readonly #folder: string
  /** By actor. */
  readonly #components = new Map<string, string>()
  /** By component; undefined where there is none that can be read. */
  readonly #loaded = new Map<string, Loaded | undefined>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Says which component an actor is of: `sha256:` and its digest. */
  know(actor: string, component: string): void {
    this.#components.set(actor, component)
  }

  /** Keeps the map that lies beside a component's file, where there is one and it is of this component. */
  adopt(file: string, component: string): void {
    const path = `${file}.map`
    const text = read(path)
    if (text !== undefined) this.keep(text, component, dirname(resolve(path)))
  }

  /** Keeps a map. @param root what its sources are relative to */
  keep(text: string, component: string, root: string): void {
    const map = parse(text)
    if (map === undefined || map.x_theater.component !== component) return
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    writeFileSync(this.#path(component), JSON.stringify({ ...map, sourceRoot: root }))
    this.#loaded.delete(component)
  }

  /** Whether an actor is of a component whose map is here. */
  has(actor: string): boolean {
    const component = this.#components.get(actor)
    return component !== undefined && this.#load(component) !== undefined
  }

  /**
   * The frames of a stack that an actor wrote, in its sources; `undefined` where the text is no stack, or nothing is known
   * of the actor's component. What the kit and dependencies did is left out, unless it is all.
   */
  frames(actor: string, stack: string): readonly Frame[] | undefined {
    const component = this.#components.get(actor)
    const loaded = component === undefined ? undefined : this.#load(component)
    if (loaded === undefined) return undefined
    const lines = stack.split('\n').filter((line) => line !== '')
    const parts = lines.map((line) => /^([^@\n]*)@([^\n]*?):(\d+):(\d+)$/.exec(line))
    if (parts.length === 0 || parts.includes(null)) return undefined
    const found: { readonly frame: Frame; readonly ignored: boolean }[] = []
    // From where something was called to it: a place where it is called has its name as it stands in the source.
    let called: string | undefined
    for (const part of parts.toReversed()) {
      const callee = called
      called = undefined
      const [, name = '', module, row, column] = part ?? []
      if (module !== loaded.payload.x_theater.module) continue
      const entry = loaded.map.findEntry(Number(row) - 1, Number(column) - 1)
      // What lies beyond the last mapping, or on a line that has none, would be given the nearest before it.
      if (!('originalSource' in entry) || entry.generatedLine !== Number(row) - 1) continue
      if ('name' in entry && typeof entry.name === 'string') called = entry.name
      found.unshift({
        frame: {
          name: written(named(name), callee),
          file: shown(loaded.payload.sourceRoot, entry.originalSource),
          line: entry.originalLine + 1,
          column: entry.originalColumn + 1,
        },
        ignored: loaded.ignored.has(entry.originalSource),
      })
    }
    const own = found.filter(({ ignored }) => !ignored)
    const frames = (own.length > 0 ? own : found).map(({ frame }) => frame)
    return frames.length === 0 ? undefined : frames
  }

  #path(component: string): string {
    return join(this.#folder, `${component.replace(/^sha256:/, '')}.map`)
  }

  #load(component: string): Loaded | undefined {
    if (!this.#loaded.has(component)) this.#loaded.set(component, open(read(this.#path(component))))
    return this.#loaded.get(component)
  }
}

/** Frames for people, a line each. */
export function showFrames(frames: readonly Frame[]): string[] {
  const lines = frames.slice(0, SHOWN).map(({ name, file, line, column }) => {
    const place = `${file}:${line}:${column}`
    return name === '' ? `at ${place}` : `at ${name} (${place})`
  })
  const more = frames.length - SHOWN
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

function open(text: string | undefined): Loaded | undefined {
  const payload = text === undefined ? undefined : parse(text)
  if (payload === undefined) return undefined
  try {
    const map = new SourceMap({ ...payload, sourceRoot: '' })
    return { map, payload, ignored: new Set((payload.ignoreList ?? []).map((i) => payload.sources[i] ?? '')) }
  } catch {
    return undefined
  }
}

/** A map comes from wherever the component came from. */
function parse(text: string): ComponentMap | undefined {
  try {
    const map = JSON.parse(text) as Partial<ComponentMap> | null
    const { component, module } = map?.x_theater ?? {}
    if (typeof component !== 'string' || typeof module !== 'string') return undefined
    if (!Array.isArray(map?.sources) || typeof map.mappings !== 'string') return undefined
    const ignoreList = Array.isArray(map.ignoreList) ? map.ignoreList : []
    const sourceRoot = typeof map.sourceRoot === 'string' ? map.sourceRoot : ''
    return { ...(map as ComponentMap), sources: map.sources.map(String), ignoreList, sourceRoot }
  } catch {
    return undefined
  }
}

function read(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_BYTES ? undefined : readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** `serve/dispatch/<` is an arrow function within dispatch within serve; `async*` comes before what was awaited. */
function named(name: string): string {
  const own = name
    .replace(/^async\*/, '')
    .split('/')
    .findLast((part) => part !== '' && part !== '<')
  return (own ?? '').replace(/<+$/, '')
}

/** The bundler puts a number behind a name that is there twice. @param source the name where it is called */
function written(name: string, source: string | undefined): string {
  const isNumbered =
    source !== undefined && name.startsWith(source) && /^\d+$/.test(name.slice(source.length))
  return isNumbered ? source : name
}

function shown(root: string, source: string): string {
  const path = resolve(root, source)
  const near = relative(process.cwd(), path)
  return near.startsWith('../../') ? path : near
}
