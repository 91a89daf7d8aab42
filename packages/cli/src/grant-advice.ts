import { resolveImports } from '@theater/boundary'
import type { Component } from '@theater/component'
import type { AnyHandler } from '@theater/handler'
import { TheaterError } from '@theater/runtime'
import type { Json } from '@theater/values'
import { insteadOf } from './instead-of.ts'
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
