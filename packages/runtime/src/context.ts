import type { ActorContext, DeliveryFailure, PendingRequest, Reply } from '@theater/handler'
import type { Actor } from './actor.ts'
import { within } from './deadline.ts'
import type { Host } from './host.ts'
import { unwrap } from './turn-reply.ts'

/** What handlers see of an actor. */
export function actorContext(actor: Actor, host: Host, signal: AbortSignal): ActorContext {
  return {
    id: actor.id,
    signal,
    async invoke(fn, args, { deadline, cause }) {
      const reply = await within(
        actor.invoke({ fn, args, sender: null, cause: cause ?? null }),
        deadline,
        actor.id,
      )
      return unwrap(actor.id, reply)
    },
    send(to, fn): DeliveryFailure | undefined {
      return host.canSend(actor, to, fn)
    },
    request(to, fn, args, { timeoutMs }): PendingRequest {
      const { intent } = actor
      if (intent === undefined)
        throw new TypeError('a request can only start within a call whose effect is idempotent')
      // After a trap the request is taken up again by its cause, as it is after a restart.
      actor.noteIntents(new Map([[intent.seq, intent.hash]]))
      const deadline = Date.now() + timeoutMs
      return startRequest(actor, host, {
        to,
        fn,
        args,
        deadline,
        cause: { chain: actor.chain, seq: intent.seq, hash: intent.hash },
      })
    },
    pending(id) {
      const { to, seq, deadline } = id
      if (typeof to !== 'string' || typeof seq !== 'number' || typeof deadline !== 'number') return undefined
      return resumeRequest(actor, host, to, seq, deadline)
    },
    log(level, message, fields = []) {
      host.log({ actor: actor.id, level, message, fields })
    },
    exit(status) {
      actor.exit(status)
    },
  }
}

interface RequestSpec {
  readonly to: string
  readonly fn: string
  readonly args: readonly unknown[]
  /** Milliseconds since the epoch. */
  readonly deadline: number
  readonly cause: { readonly chain: Uint8Array; readonly seq: number; readonly hash: Uint8Array }
}

function startRequest(actor: Actor, host: Host, spec: RequestSpec): PendingRequest {
  const id = { to: spec.to, seq: spec.cause.seq, deadline: spec.deadline }
  return pendingOver(actor, host, id, host.deliverRequest(actor, spec))
}

/** A request that was started before a restart: its receiver answers a cause it holds from its record. */
function resumeRequest(
  actor: Actor,
  host: Host,
  to: string,
  seq: number,
  deadline: number,
): PendingRequest | undefined {
  const reply = host.requestAgain(actor, to, seq)
  return reply === undefined ? undefined : pendingOver(actor, host, { to, seq, deadline }, reply)
}

function pendingOver(
  actor: Actor,
  host: Host,
  id: { to: string; seq: number; deadline: number },
  reply: Promise<Reply>,
): PendingRequest {
  const cancelled = new AbortController()
  let waiting: Promise<Reply> | undefined
  return {
    id,
    // Reading it is what makes the actor wait: only then can a cycle of waiting actors close.
    get reply() {
      waiting ??= wait(actor, host, id, reply, cancelled.signal)
      return waiting
    },
    cancel() {
      cancelled.abort()
    },
  }
}

async function wait(
  actor: Actor,
  host: Host,
  id: { to: string; deadline: number },
  reply: Promise<Reply>,
  cancelled: AbortSignal,
): Promise<Reply> {
  if (!host.waits.add(actor.id, id.to)) return { tag: 'deadlock' }
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const late = new Promise<Reply>((resolve) => {
      const left = Math.max(0, Math.min(id.deadline - Date.now(), 0x7fff_ffff))
      timer = setTimeout(() => resolve({ tag: 'timeout' }), left)
      cancelled.addEventListener('abort', () => resolve({ tag: 'timeout' }), { once: true })
    })
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
    host.waits.remove(actor.id, id.to)
  }
}
