import type { ActorContext } from '@theater/handler'
import type { Actor } from './actor.ts'
import { within } from './deadline.ts'
import type { Host } from './host.ts'
import { Pending, readRequestId } from './request.ts'
import { unwrap } from './turn-reply.ts'

/** What handlers see of an actor. */
export function actorContext(actor: Actor, host: Host): ActorContext {
  return {
    id: actor.id,
    signal: actor.signal,
    async invoke(fn, args, { deadline, cause }) {
      const reply = await within(
        actor.call({ fn, args, sender: null, cause: cause ?? null }),
        deadline,
        actor.id,
      )
      return unwrap(actor.id, reply)
    },
    send: (to, fn) => host.canSend(actor, to, fn),
    request(to, fn, args, { timeoutMs }) {
      const { intent } = actor
      if (intent === undefined)
        throw new TypeError('a request can only start within a call whose effect is idempotent')
      const { seq, hash } = intent
      const deadline = Date.now() + timeoutMs
      const call = host.request(actor, { to, fn, args, cause: { chain: actor.chain, seq, hash } })
      actor.calls.set(seq, call)
      return new Pending(actor, host.waits, call, { to, seq, deadline })
    },
    pending(id) {
      const known = readRequestId(id)
      if (known === undefined) return undefined
      const call = actor.calls.get(known.seq) ?? host.requestAgain(actor, known.to, known.seq)
      return call && new Pending(actor, host.waits, call, known)
    },
    log(level, message, fields = []) {
      host.log({ actor: actor.id, level, message, fields })
    },
    exit(status) {
      actor.exit(status)
    },
  }
}
