import type { Link } from '@theater/boundary'
import type { ActorContext } from '@theater/handler'
import type { Actor } from './actor.ts'
import { within } from './deadline.ts'
import type { Host } from './host.ts'
import { Pending, readRequestId } from './request.ts'
import { unwrapAsked } from './turn-reply.ts'

/**
 * What a handler sees of an actor.
 *
 * @param link the handler as it is bound for the actor; `undefined` until it is
 */
export function actorContext(actor: Actor, host: Host, link: () => Link | undefined): ActorContext {
  return {
    id: actor.id,
    signal: actor.signal,
    exports: (fn) => actor.exported(fn) !== undefined,
    async invoke(fn, args, { deadline, cause, signal, waits = false }) {
      const asked = actor.reception.ask({ fn, args, sender: null, cause: cause ?? null, link: link() }, waits)
      const withdraw = (): void => asked.withdraw()
      signal?.addEventListener('abort', withdraw, { once: true })
      if (signal?.aborted === true) withdraw()
      try {
        return unwrapAsked(actor.id, await within(asked.reply, deadline, actor.id))
      } finally {
        signal?.removeEventListener('abort', withdraw)
        // Nobody waits for it any more; where it has ended this changes nothing.
        withdraw()
      }
    },
    send: (to, fn, args) => host.canSend(actor, to, fn, args),
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
    get intent() {
      const { intent } = actor
      return intent && { chain: actor.chain, seq: intent.seq, hash: intent.hash }
    },
    recorded: (seq) => actor.performed(seq),
    topics: host.topics(actor),
    channels: host.channels(actor),
    timers: host.timers(actor),
    children: host.children(actor),
    log(level, message, fields = []) {
      actor.logGate.log({ actor: actor.id, level, message, fields })
    },
    exit(status) {
      actor.exit(status)
    },
  }
}
