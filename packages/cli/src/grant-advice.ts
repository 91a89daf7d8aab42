import { resolveImports } from '@theater/boundary'
import type { Component } from '@theater/component'
import type { AnyHandler } from '@theater/handler'
import { TheaterError } from '@theater/runtime'
import type { Json } from '@theater/values'
import { exampleOf } from './manifest-text.ts'
import { jsonLine } from './output.ts'

/**
 * Whether every import of a component is met, for whoever writes grants on a command line and has no manifest to write lines
 * into.
 *
 * @throws TheaterError `unmet-import` with what to add to the command
 */
export function checkMet(
  file: string,
  { model }: Component,
  handlers: readonly AnyHandler[],
  grants: Readonly<Record<string, Json>>,
): void {
  const { unmet } = resolveImports(model, handlers, grants)
  if (unmet.length === 0) return
  const lines = unmet.map(({ interface: name, handler: by, fn }) => {
    const handler = handlers.find((one) => one.name === by)
    if (handler === undefined)
      return `${file} imports \`${name}\`, which no handler of theater serves.${insteadOf(name)}`
    if (fn !== undefined)
      return `${file} imports \`${name}#${fn}\`, which the handler ${handler.name} does not offer.`
    return `${file} imports \`${name}\`, which it was not granted. Add --grant '${handler.name}=${jsonLine(exampleOf(handler.grant))}', or more.`
  })
  throw new TheaterError('unmet-import', lines.join('\n'), { detail: unmet })
}

/** What to do about an import that no handler of `theater` serves, where there is something: a sentence, after a space. */
export function insteadOf(name: string): string {
  return name.startsWith('wasi:sockets/')
    ? ' Sockets would let it reach any address: what it may reach over HTTP is granted as http. A handler for them can be added in a program of your own, with Theater.open.'
    : ''
}
