import { camelCase, compileFunction, hasHandle, Writer } from '@theater/values'
import type { FunctionCodec, FunctionModel, Json, ResourceType, ValType } from '@theater/values'
import { derivedFunction } from './derived.ts'
import type { DerivedFunction } from './derived.ts'
import { ioFunction } from './io.ts'
import type { IoFunction } from './io.ts'
import { isLive, liveRule } from './live-rules.ts'
import type { LiveRule } from './live-rules.ts'
import { queueRule } from './rules.ts'
import type { QueueRule } from './rules.ts'
import { trackName, trackOf } from './track.ts'

/** An imported function, prepared once for all instances of an actor. */
export interface Imported {
  readonly model: FunctionModel
  readonly track: string
  /** The track of its interface: the key under which a binding has its functions. */
  readonly interfaceTrack: string
  /** What the function is called on a binding, or a method on its object. */
  readonly key: string
  readonly codec: FunctionCodec
  /** The first bytes of its call events: the array head and the name. */
  readonly head: Uint8Array
  readonly isResult: boolean
  /** Whether its answer can hand over resources. */
  readonly gives: boolean
  /** Whether the component was prepared for an import that waits. */
  readonly suspends: boolean
  readonly handleParams: 'none' | 'flat' | 'nested'
  readonly derived: DerivedFunction | undefined
  /** Where it is derived without a grant and live under this actor's. */
  readonly live: LiveRule | undefined
  readonly pollable: ResourceType | undefined
  readonly io: IoFunction | undefined
  readonly queue: QueueRule | undefined
}

/** Prepares an import of a component for an actor with some grants. */
export function prepare(
  model: FunctionModel,
  suspends: boolean,
  grants: Readonly<Record<string, Json>>,
): Imported {
  const track = trackName(model)
  const head = new Writer(model.id.length + 16)
  head.array(5)
  head.text(model.id)
  const types = model.params.map((param) => param.type)
  const flat = types.some(isHostHandle)
  const nested = types.some((type) => !isHostHandle(type) && hasHandle(type))
  const result = model.result
  const live = isLive(trackOf(model.interface), grants) ? liveRule(track) : undefined
  return {
    model,
    track,
    interfaceTrack: trackOf(model.interface),
    key: keyOf(model),
    // A copy: a handler that changes what it answered, before the guest reads it, would make the record a lie.
    codec: compileFunction(model, { copyResult: true }),
    head: head.copy(),
    isResult: result?.kind === 'result',
    gives: result !== null && hasHandle(result),
    suspends,
    handleParams: nested ? 'nested' : flat ? 'flat' : 'none',
    derived: live === undefined ? derivedFunction(track) : undefined,
    live,
    pollable: result?.kind === 'own' ? result.resource : undefined,
    io: ioFunction(track),
    queue: queueRule(track),
  }
}

function keyOf({ kind, name }: FunctionModel): string {
  if (kind === 'method') return camelCase(name.slice(name.indexOf('.') + 1))
  return kind === 'freestanding' ? camelCase(name) : name
}

/** Whether values of a type are host resources. */
export function isHostHandle(type: ValType | undefined): boolean {
  return (type?.kind === 'own' || type?.kind === 'borrow') && type.resource.side === 'import'
}
