import { encodeData, link, writeData, Writer } from '@theater/values'
import type { Data, Json } from '@theater/values'
import type { Call, Cause, Contents, Genesis, Outcome, Turn } from './contents.ts'
import { ChainError } from './errors.ts'
import type { Kind } from './kinds.ts'

type Encoders = { readonly [K in Kind]: (out: Writer, content: Contents[K]) => void }

const encoders: Encoders = {
  genesis: writeGenesis,
  seed(out, { seed }) {
    out.array(1)
    out.byteString(seed)
  },
  turn: writeTurn,
  call: writeCall,
  result(out, { call, outcome }) {
    out.array(2)
    out.uint(call)
    writeOutcome(out, outcome)
  },
  drop(out, { resource, fuel }) {
    out.array(2)
    out.uint(resource)
    writeFuel(out, fuel)
  },
  send(out, { call }) {
    out.array(1)
    out.uint(call)
  },
  return(out, { result, fuel }) {
    out.array(2)
    out.raw(result)
    writeFuel(out, fuel)
  },
  trap(out, { code, fuel }) {
    out.array(2)
    out.text(code)
    writeFuel(out, fuel)
  },
  abort(out, { code, call, status }) {
    if ((code === 'exited') !== (status !== null)) {
      throw new ChainError('invalid', 'an abort has an exit status with code exited, and only then')
    }
    out.array(status === null ? 2 : 3)
    out.text(code)
    if (call === null) out.null()
    else out.uint(call)
    if (status !== null) out.int(status)
  },
  grant(out, { grants }) {
    out.array(1)
    writeData(grants, out)
  },
  resume(out, { epoch }) {
    out.array(1)
    out.uint(epoch)
  },
  stop(out, { reason }) {
    out.array(1)
    out.text(reason)
  },
}

/**
 * Writes an event's content: a CBOR array whose shape its kind decides. Nothing of the values inside is checked again;
 * `args` and `result` go in as they are.
 *
 * @throws ValueError where something is not plain data
 */
export function writeContent<K extends Kind>(out: Writer, kind: K, content: Contents[K]): void {
  encoders[kind](out, content)
}

/** Returns an event's content as {@link writeContent} writes it. */
export function encodeContent<K extends Kind>(kind: K, content: Contents[K]): Uint8Array {
  const out = new Writer(256)
  writeContent(out, kind, content)
  return out.copy()
}

function writeGenesis(out: Writer, genesis: Genesis): void {
  const { meter, params, cause } = genesis
  out.array(1)
  out.raw(
    encodeData({
      actor: genesis.actor,
      cause: cause === null ? null : [cause.chain, cause.seq, cause.hash],
      component: link(genesis.component),
      derive: genesis.derive,
      format: genesis.format,
      grants: genesis.grants,
      ...(genesis.instance !== undefined && { instance: genesis.instance }),
      jco: genesis.jco,
      limits: genesis.limits,
      meter: meter === null ? null : [meter.name, meter.version],
      nan: genesis.nan,
      params: params === null ? null : [params.format, params.body],
      parent: genesis.parent,
      theater: genesis.theater,
      time: genesis.time,
      wit: link(genesis.wit),
    } satisfies Data),
  )
}

function writeTurn(out: Writer, { fn, args, sender, cause, time, made }: Turn): void {
  out.array(6)
  out.text(fn)
  out.raw(args)
  if (sender === null) out.null()
  else out.text(sender)
  writeCause(out, cause)
  out.uint(time)
  writeMade(out, made)
}

function writeCall(out: Writer, { fn, args, ask, fuel, outcome }: Call): void {
  out.array(5)
  out.text(fn)
  out.raw(args)
  writeData(ask, out)
  writeFuel(out, fuel)
  if (outcome === null) out.null()
  else writeOutcome(out, outcome)
}

/** Writes the outcome of a call: `[result, elapsed, made, flags]`. */
export function writeOutcome(out: Writer, { result, elapsed, made, denied, closed }: Outcome): void {
  out.array(4)
  out.raw(result)
  out.uint(elapsed)
  writeMade(out, made)
  out.uint((denied ? 1 : 0) | (closed ? 2 : 0))
}

/** Writes the descriptions of fresh host resources, in order. */
function writeMade(out: Writer, made: readonly (Json | null)[]): void {
  out.array(made.length)
  for (const description of made) writeData(description, out)
}

/** Writes the event that caused something: `[chain, seq, hash]` or null. */
export function writeCause(out: Writer, cause: Cause | null): void {
  if (cause === null) return out.null()
  out.array(3)
  out.byteString(cause.chain)
  out.uint(cause.seq)
  out.byteString(cause.hash)
}

function writeFuel(out: Writer, fuel: number | null): void {
  if (fuel === null) out.null()
  else out.uint(fuel)
}
