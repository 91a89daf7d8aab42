import { isMessageType } from '@theater/actor/message'
import { trackName } from '@theater/boundary'
import type { Store } from '@theater/event-chain'
import { fromJson, ValueError } from '@theater/values'
import type { ComponentModel, FunctionModel, Json } from '@theater/values'
import { CliError } from './errors.ts'
import { nearest } from './nearest.ts'
import { readGenesis, readModel } from './records.ts'

/** What a call means: an export with values of its types, or a message of the kit. */
export type Target =
  | { readonly kind: 'export'; readonly fn: FunctionModel; readonly args: readonly unknown[] }
  | { readonly kind: 'message'; readonly type: string; readonly body: Json | undefined }

const RESPOND = 'theater:messaging/responder@0.1#handle-request'

/**
 * Finds out what `EXPORT JSON…` means for an actor: a full id, a name within its track or without any version, or the
 * name of a kit message where the actor answers requests.
 *
 * @throws CliError `usage`, `bad-arguments`
 */
export async function resolveTarget(
  store: Store,
  actor: string,
  name: string,
  json: readonly unknown[],
): Promise<Target> {
  const info = await store.find(actor)
  const genesis = info === undefined ? undefined : await readGenesis(store, info.chain)
  const model = genesis === undefined ? undefined : await readModel(store, genesis.content)
  if (model === undefined) throw new CliError('usage', `the types of ${actor} are not in its record`)
  return targetIn(model, actor, name, json)
}

/**
 * What `EXPORT JSON…` means for a component.
 *
 * @param whose what exports it, for messages
 * @throws CliError `usage`, `bad-arguments`
 */
export function targetIn(
  model: ComponentModel,
  whose: string,
  name: string,
  json: readonly unknown[],
): Target {
  const exported = model.exports.flatMap(({ functions }) => functions)
  const fn = findExport(exported, name)
  if (fn !== undefined) return { kind: 'export', fn, args: argumentsOf(fn, json as readonly Json[]) }
  if (isMessageType(name) && exported.some((one) => trackName(one) === RESPOND)) {
    if (json.length > 1) {
      throw new CliError(
        'bad-arguments',
        `a message has one body, not ${json.length}, and ${whose} exports no ${JSON.stringify(name)}. ${suggestion(model, name)}`,
      )
    }
    return { kind: 'message', type: name, body: json[0] as Json | undefined }
  }
  throw new CliError('usage', `${whose} exports no ${JSON.stringify(name)}. ${suggestion(model, name)}`)
}

function findExport(exported: readonly FunctionModel[], name: string): FunctionModel | undefined {
  const exact = exported.find((fn) => fn.id === name) ?? exported.find((fn) => trackName(fn) === name)
  if (exact !== undefined) return exact
  const same = exported.filter((fn) => withoutVersion(fn) === name)
  if (same.length > 1) {
    const ids = same.map((fn) => fn.id).join(', ')
    throw new CliError('usage', `${JSON.stringify(name)} can be any of ${ids}. Write the version.`)
  }
  return same[0]
}

function withoutVersion(fn: FunctionModel): string {
  return fn.interface === '' ? fn.name : `${fn.interface.replace(/@.*$/, '')}#${fn.name}`
}

function suggestion({ exports: all }: ComponentModel, name: string): string {
  const names = all.flatMap(({ functions }) => functions.map(withoutVersion))
  const near = nearest(name, names)
  if (near !== undefined) return `Did you mean ${near}?`
  return names.length === 0 ? 'It exports no function.' : `Exports: ${names.join(', ')}.`
}

function argumentsOf(fn: FunctionModel, json: readonly Json[]): unknown[] {
  if (json.length !== fn.params.length) {
    const names = fn.params.map((param) => param.name).join(', ') || 'none'
    throw new CliError(
      'bad-arguments',
      `${fn.id} takes ${fn.params.length} arguments (${names}), not ${json.length}`,
    )
  }
  return fn.params.map((param, i) => {
    try {
      return fromJson(json[i] as Json, param.type)
    } catch (cause) {
      if (!ValueError.is(cause)) throw cause
      throw new CliError('bad-arguments', `${param.name}: ${cause.message}`, { cause })
    }
  })
}
