import { createRequire } from 'node:module'
import { trackOf } from '@theater/boundary'
import type { Resolution } from '@theater/boundary'
import type { AnyHandler, JsonSchema } from '@theater/handler'
import { surelyValid } from '@theater/values'
import type { ComponentModel, Json } from '@theater/values'
import type * as Schemas from 'ajv/dist/2020.js'
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { TheaterError } from './errors.ts'
import { handlerAdvice } from './handler-packages.ts'

/** The authority of one actor, by handler name. */
export type Grants = Readonly<Record<string, Json>>

/** Checks grants against handlers' schemas and the host's ceiling. */
export class GrantChecker {
  readonly #handlers: ReadonlyMap<string, AnyHandler>
  readonly #ceiling: Grants | undefined

  /** @param ceiling what any actor of this host may be granted at most; a handler that is absent from it may not be granted */
  constructor(handlers: readonly AnyHandler[], ceiling: Grants | undefined) {
    this.#handlers = new Map(handlers.map((handler) => [handler.name, handler]))
    this.#ceiling = ceiling
    if (ceiling !== undefined)
      for (const [name, grant] of Object.entries(ceiling)) this.#checkShape('the ceiling', name, grant)
  }

  /** @throws TheaterError `bad-grant` with everything that is wrong */
  check(actor: string, grants: Grants): void {
    for (const [name, grant] of Object.entries(grants)) {
      const handler = this.#checkShape(actor, name, grant)
      if (this.#ceiling === undefined) continue
      const ceiling = Object.hasOwn(this.#ceiling, name) ? this.#ceiling[name] : undefined
      const verdict: true | { readonly refused: string } =
        ceiling === undefined
          ? { refused: 'the ceiling does not name this handler' }
          : handler.within(grant as never, ceiling as never)
      if (verdict !== true) {
        throw new TheaterError(
          'bad-grant',
          `${actor}: the grant "${name}" is above what this host allows: ${verdict.refused}`,
          { actor },
        )
      }
    }
  }

  /**
   * Checks what a child is to hold: each grant within its parent's for the same handler, and all that {@link check} asks for.
   *
   * @throws TheaterError `bad-grant`
   */
  checkChild(actor: string, grants: Grants, parent: Grants): void {
    for (const [name, grant] of Object.entries(grants)) {
      // Names come from a guest: `constructor` must not find anything.
      const held = Object.hasOwn(parent, name) ? parent[name] : undefined
      if (held === undefined)
        throw new TheaterError('bad-grant', `${actor}: its parent has no grant ${JSON.stringify(name)}`, {
          actor,
        })
      const verdict = this.#checkShape(actor, name, grant).within(grant as never, held as never)
      if (verdict !== true) {
        const message = `${actor}: the grant "${name}" is more than its parent's: ${verdict.refused}`
        throw new TheaterError('bad-grant', message, { actor })
      }
    }
    this.check(actor, grants)
  }

  #checkShape(actor: string, name: string, grant: Json): AnyHandler {
    const handler = this.#handlers.get(name)
    if (handler === undefined) {
      const known = [...this.#handlers.keys()].toSorted().join(', ')
      throw new TheaterError(
        'bad-grant',
        `${actor}: there is no handler "${name}". Handlers of this host: ${known || 'none'}.`,
        { actor, detail: { handler: name } },
      )
    }
    if (surelyValid(handler.grant, grant)) return handler
    const validate = validatorOf(handler.grant)
    if (!validate(grant)) {
      const what = (validate.errors ?? []).map(describe).join('; ')
      throw new TheaterError('bad-grant', `${actor}: the grant "${name}" is not valid: ${what}`, {
        actor,
        detail: validate.errors ?? [],
      })
    }
    return handler
  }
}

const validators = new WeakMap<JsonSchema, ValidateFunction>()

/** Made when there is something to say: loading what compiles schemas costs more than bringing an actor back. */
function validatorOf(schema: JsonSchema): ValidateFunction {
  let validator = validators.get(schema)
  if (validator === undefined) {
    const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof Schemas
    validator = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)
    validators.set(schema, validator)
  }
  return validator
}

function describe(error: ErrorObject): string {
  const where = error.instancePath === '' ? '' : `${error.instancePath.slice(1).replaceAll('/', '.')}: `
  if (error.keyword === 'additionalProperties') {
    return `${where}unknown key "${String((error.params as { additionalProperty: string }).additionalProperty)}"`
  }
  return `${where}${error.message ?? error.keyword}`
}

/** The grants, by handler, of which an actor has nothing although it imports an interface of theirs: it takes no function of any. */
export function unusedGrants(
  { imports }: ComponentModel,
  { served }: Resolution,
  handlers: readonly AnyHandler[],
  grants: Grants,
): string[] {
  const bound = new Set([...served.values()].map((by) => (by.state === 'built-in' ? undefined : by.handler)))
  const tracks = new Set(imports.map(({ name }) => trackOf(name)))
  return handlers
    .filter((one) => Object.hasOwn(grants, one.name) && !bound.has(one))
    .filter((one) => one.interfaces.some((track) => tracks.has(track)))
    .map(({ name }) => name)
}

/** The error for imports that nobody serves: what, and what to add. */
export function unmetError(actor: string, resolution: Resolution): TheaterError {
  const lines: string[] = []
  const unserved = new Map<string, string[]>()
  for (const { interface: name, handler, fn } of resolution.unmet) {
    if (handler === undefined) {
      const advice = handlerAdvice(name)
      unserved.set(advice, [...(unserved.get(advice) ?? []), `\`${name}\``])
    } else if (fn !== undefined) {
      lines.push(`\`${actor}\` imports \`${name}#${fn}\`, which the handler "${handler}" does not offer.`)
    } else {
      lines.push(
        `\`${actor}\` imports \`${name}\`, which it was not granted. Add \`[actor.${actor}.grants.${handler}]\` to theater.toml.`,
      )
    }
  }
  for (const [advice, names] of unserved) {
    lines.push(`\`${actor}\` imports ${names.join(', ')}, which no handler of this host serves. ${advice}`)
  }
  return new TheaterError('unmet-import', lines.join('\n'), { actor, detail: resolution.unmet })
}
