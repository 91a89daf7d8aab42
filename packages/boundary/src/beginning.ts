/** How a turn begins: what crosses into the guest is in the record before, or is read from it. */
import type { EventOf } from '@theater/event-chain'
import { encodeData, Reader, ValueError } from '@theater/values'
import type { Writer } from '@theater/values'
import type { Exported } from './functions.ts'
import type { InstanceState } from './state.ts'
import { Tape } from './tape.ts'
import type { Live, TurnRequest } from './types.ts'

/** What a turn begins with. */
export interface Beginning {
  readonly fn: Exported
  readonly args: readonly unknown[]
  /** How many they are in the record. */
  readonly bytes: number
  readonly time: number
  readonly seq: number
}

/**
 * Begins a turn that somebody asks for; `undefined`: the instance is finished.
 *
 * @param asked `out` is written over
 * @throws ValueError where the arguments are not of the export's types; then nothing happened
 */
export function beginLive(
  state: InstanceState,
  asked: {
    readonly fn: Exported
    readonly request: TurnRequest
    readonly live: Live
    readonly out: Writer
  },
): Beginning | undefined {
  const { fn, request, live, out } = asked
  const { clock, handles } = state
  const time = Math.max(Math.floor(live.now()), clock.notBefore(), request.notBefore ?? 0)
  out.reset()
  out.array(6)
  out.text(request.fn)
  const { origin } = fn
  handles.begin({ origin, link: request.link }, [])
  const mark = handles.mark()
  const before = out.length
  let args: readonly unknown[]
  let bytes: number
  try {
    // After a restart it is whoever serves the interface that resumes them.
    if (origin !== '' && request.link !== undefined && request.link !== live.links.get(origin))
      throw new ValueError('wrong-type', `resources of ${origin} are not of the handler that calls`, {
        path: 'args',
      })
    args = fn.codec.writeArgs(request.args, out, handles.lowering)
    bytes = out.length - before
    if (handles.full) throw new ValueError('out-of-range', `more than ${handles.limit} open resources`)
  } catch (error) {
    handles.rollback(mark)
    if (ValueError.is(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ValueError('wrong-type', reason, { path: 'args', cause: error })
  }
  if (request.sender === null) out.null()
  else out.text(request.sender)
  if (request.cause === null) out.null()
  else out.raw(encodeData([request.cause.chain, request.cause.seq, request.cause.hash]))
  out.uint(time)
  handles.writeMade(out)
  state.tape = new Tape([])
  const ref = state.append('turn', out.bytes())
  return ref && { fn, args, bytes, time, seq: ref.seq }
}

/**
 * Begins a turn of a record, whose other events the tape has; `undefined`: the instance is finished.
 *
 * @param fn the export that it names; `undefined`: there is none
 */
export function beginRecorded(
  state: InstanceState,
  fn: Exported | undefined,
  turn: EventOf<'turn'>,
): Beginning | undefined {
  const { handles, clock } = state
  const { fn: id, args: bytes, time, made } = turn.content
  const refuse = (reason: string): undefined => {
    state.diverge(turn, { kind: 'refused-record', reason })
  }
  if (fn === undefined) return refuse(`the component exports no ${id}`)
  if (time < clock.notBefore()) return refuse('the turn starts before what the actor saw')
  clock.startTurn(time)
  if (clock.ended) return refuse('the turn starts after the end of the clock')
  handles.begin(
    { origin: fn.origin, link: undefined },
    made.map((one) => one ?? undefined),
  )
  let args: readonly unknown[]
  try {
    const input = new Reader(bytes)
    args = fn.codec.readArgs(input, handles.lowering)
    input.finish()
    handles.checkMade()
    if (handles.full) return refuse(`more than ${handles.limit} open resources`)
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
  if (state.endsHere()) return undefined
  return { fn, args, bytes: bytes.length, time, seq: turn.seq }
}
