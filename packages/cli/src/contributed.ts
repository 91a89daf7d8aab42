import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import { CliError } from './errors.ts'
import { shapeFaults } from './handler-shape.ts'

/** A module that a command line has loaded into the host for the handlers in it. */
export interface HandlerModule {
  /** A path, or the name of a package. */
  readonly module: string
  /** What its function is called with; undefined where nothing is said. */
  readonly options: Json | undefined
  /** Where paths and packages are seen from. */
  readonly folder: string
}

/** What the modules of a command line have come to. */
export interface Contributed {
  /** For a thread or a process of its own: it loads them, too. */
  readonly modules: readonly HandlerModule[]
  readonly handlers: readonly AnyHandler[]
}

/** Loads what a command line names. @throws as {@link parseHandler} and {@link loadHandlers} */
export async function contributedBy(texts: readonly string[]): Promise<Contributed> {
  const modules = texts.map(parseHandler)
  return { modules, handlers: await loadHandlers(modules) }
}

/** A module of a command line, `MODULE` or `MODULE={…}`, seen from this process's folder. @throws CliError `bad-arguments` */
function parseHandler(text: string): HandlerModule {
  const [, module = text, json] = /^(.*?)=(\{.*)$/s.exec(text) ?? []
  const folder = process.cwd()
  if (json === undefined) return { module, options: undefined, folder }
  try {
    return { module, options: JSON.parse(json) as Json, folder }
  } catch (cause) {
    throw new CliError('bad-arguments', `the options of ${module} are not JSON: ${json}`, { cause })
  }
}

/**
 * Loads the handlers of modules. Whatever a module is wrong about is said without a stack: it is of somebody else.
 *
 * @throws CliError `usage` where there is no such module; `bad-handler` where it is not one of handlers
 */
export async function loadHandlers(modules: readonly HandlerModule[]): Promise<readonly AnyHandler[]> {
  const loaded: AnyHandler[] = []
  for (const one of modules) {
    for (const handler of await handlersIn(one)) {
      if (loaded.some(({ name }) => name === handler.name))
        throw refusal(one, `its handler ${handler.name} was given already`)
      loaded.push(handler)
    }
  }
  return loaded
}

/**
 * That handlers of others do not stand in the way of theater's own: those would not be reached.
 *
 * @throws CliError `bad-handler`
 */
export function checkApart(own: readonly AnyHandler[], contributed: readonly AnyHandler[]): void {
  for (const { name, interfaces } of contributed) {
    if (own.some((one) => one.name === name))
      throw new CliError(
        'bad-handler',
        `theater has a handler ${name} itself: the one of --handler needs another name`,
      )
    for (const track of interfaces) {
      const by = own.find((one) => one.interfaces.includes(track))
      if (by !== undefined)
        throw new CliError(
          'bad-handler',
          `the handler ${name} of --handler serves ${track}, and so does theater's own ${by.name}: only one of them can. A program of your own chooses, with Theater.open.`,
        )
    }
  }
}

async function handlersIn(one: HandlerModule): Promise<readonly AnyHandler[]> {
  const url = urlOf(one)
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = (await import(url)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw refusal(one, `it cannot be loaded: ${messageOf(cause)}`, cause)
  }
  const value = exported['handlers'] ?? exported['default']
  if (value === undefined) {
    const names = Object.keys(exported).join(', ') || 'nothing'
    throw refusal(one, `it has no default export and none named handlers: it exports ${names}`)
  }
  if (typeof value !== 'function' && one.options !== undefined)
    throw new CliError(
      'usage',
      `--handler ${one.module}: it takes no options: what it exports is no function`,
    )
  const made = typeof value === 'function' ? await make(one, value as Make) : value
  const handlers: unknown[] = Array.isArray(made) ? made : [made]
  if (handlers.length === 0) throw refusal(one, 'there is no handler in it')
  const faults = handlers.flatMap(shapeFaults)
  if (faults.length > 0)
    throw refusal(one, `it has no handler as defineHandler makes one: ${faults.join('; ')}`)
  return handlers as AnyHandler[]
}

type Make = (options: Json) => unknown

async function make(one: HandlerModule, value: Make): Promise<unknown> {
  try {
    return await value(one.options ?? {})
  } catch (cause) {
    throw refusal(one, `its function failed: ${messageOf(cause)}`, cause)
  }
}

/** A file where there is one of the name, else a package as an import in the folder would find it. */
function urlOf(one: HandlerModule): string {
  const { module, folder } = one
  const path = resolve(folder, module)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return pathToFileURL(path).href
  const looksLikePath = /^\.{0,2}[/\\]/.test(module)
  if (looksLikePath || module === '') {
    throw new CliError('usage', `--handler ${module}: there is no file ${path}`)
  }
  const parentURL = pathToFileURL(join(folder, 'theater')).href
  // `import.meta.resolve` knows this file as the only place to look from.
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, parentURL }),
  })
  try {
    return import.meta.resolve(module)
  } catch (cause) {
    throw new CliError(
      'usage',
      `--handler ${module}: there is no such file, and no package that ${folder} could import (${messageOf(cause)})`,
      { cause },
    )
  } finally {
    hooks.deregister()
  }
}

function refusal({ module }: HandlerModule, why: string, cause?: unknown): CliError {
  return new CliError(
    'bad-handler',
    `--handler ${module}: ${why}`,
    cause === undefined ? undefined : { cause },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
