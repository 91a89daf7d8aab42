import { basename } from 'node:path'
import type { Component } from '@theater/component'
import type { Json } from '@theater/values'
import type { Casting } from './casting.ts'
import { CliError } from './errors.ts'

/** What a command line says of a program's surroundings. */
export interface Surroundings {
  /** `NAME=VALUE`, or `NAME` for the value that it has here. */
  readonly env: readonly string[]
  /** Whether a stream of the program is this process's own. */
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

/**
 * What an actor of one component is granted: what its casting says, with what the command line says of environment, arguments and
 * streams, and, if it imports them, its log and HTTP without any request. Streams that nobody asked for are not connected.
 *
 * @param args those of a command; undefined for a component that is none
 * @throws CliError `usage`
 */
export function grantsOf(
  component: Component,
  file: string,
  { grants }: Casting,
  surroundings: Surroundings,
  args: readonly string[] | undefined,
): Readonly<Record<string, Json>> {
  const imports = (prefix: string): boolean =>
    component.model.imports.some(({ name }) => name.startsWith(prefix))
  const said = saidOf(surroundings)
  const cli = { ...tableOf(grants['cli']), ...said }
  if (surroundings.env.length > 0)
    cli['env'] = { ...tableOf(tableOf(grants['cli'])['env']), ...variables(surroundings.env) }
  if (args !== undefined && (args.length > 0 || cli['args'] === undefined))
    cli['args'] = [nameIn(cli['args']) ?? basename(file), ...args]
  // A grant that is no table is for the handler's own schema to refuse.
  const odd = Object.hasOwn(grants, 'cli') && !isTable(grants['cli'])
  return {
    ...(imports('theater:actor/log@') && { log: {} }),
    // Engines import it whether the program asks for anything or not; with nothing in it each request is refused.
    ...(imports('wasi:http/') && { http: {} }),
    ...grants,
    ...(!odd && (imports('wasi:cli/') || Object.keys(cli).length > 0) && { cli }),
  }
}

function saidOf({ stdin, stdout, stderr }: Surroundings): Record<string, Json> {
  return {
    ...(stdin && { stdin: 'inherit' }),
    ...(stdout && { stdout: 'inherit' }),
    ...(stderr && { stderr: 'inherit' }),
  }
}

/** Environment variables of a command line. @throws CliError `usage` */
function variables(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((text): [string, string] => {
      const at = text.indexOf('=')
      const name = at === -1 ? text : text.slice(0, at)
      if (name === '')
        throw new CliError('usage', `--env ${text}: there is no name. Write NAME=VALUE, or NAME.`)
      if (at !== -1) return [name, text.slice(at + 1)]
      const value = process.env[name]
      if (value === undefined)
        throw new CliError('usage', `--env ${name}: there is no such variable here. Write ${name}=VALUE.`)
      return [name, value]
    }),
  )
}

/** The program's name, where a grant has given it one. */
function nameIn(args: Json | undefined): Json | undefined {
  return Array.isArray(args) ? args[0] : undefined
}

function tableOf(value: Json | undefined): Record<string, Json> {
  return isTable(value) ? { ...value } : {}
}

function isTable(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
