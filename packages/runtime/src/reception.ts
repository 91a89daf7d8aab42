import type { Cause } from '@theater/handler'
import type { Store } from '@theater/event-chain'
import type { FunctionModel } from '@theater/values'
import { TheaterError } from './errors.ts'
import { Mailbox } from './mailbox.ts'
import type { Invocation, Letter, Settle } from './mailbox.ts'
import type { Received } from './received.ts'
import { recordedReply, recordedTurn } from './record.ts'
import { sizeOf } from './size.ts'
import type { AskedReply, TurnReply } from './turn-reply.ts'

/** A turn that was asked for by somebody who can take it back. */
export interface Asked {
  readonly reply: Promise<AskedReply>
  /** Takes it back while it has not begun; afterwards this changes nothing. */
  withdraw(): void
}

/** How a message is brought to an actor. */
export interface Delivered {
  /** Called when its turn begins, with where it does in the record; 0: it was taken before. */
  readonly taken?: ((seq: number) => void) | undefined
  readonly settle: Settle
}

/** What a reception needs of its actor. */
export interface ReceptionParts {
  readonly id: string
  readonly chain: () => Uint8Array
  readonly store: Store
  /** How many messages wait at the most. */
  readonly limit: number
  /** How many bytes one of them is at the most. */
  readonly messageBytes: number
  /** The causes that the record holds. */
  readonly received: Received
  /** Whether turns are taken at all. */
  readonly alive: () => boolean
  /** Whether the host closes. */
  readonly closing: () => boolean
  /** What is said of a turn that is not taken any more. */
  readonly gone: () => TurnReply
  /** The export that a full or track name means; `undefined` where the component has none. */
  readonly exported: (name: string) => FunctionModel | undefined
  /** Something waits for a turn. */
  readonly came: () => void
}

/** Where messages come in: what is taken for a turn, what is refused, and what came of a cause that is known already. */
export class Reception {
  readonly mailbox: Mailbox
  readonly #parts: ReceptionParts

  constructor(parts: ReceptionParts) {
    this.#parts = parts
    this.mailbox = new Mailbox(parts.limit)
  }

  /**
   * Takes a turn for somebody who can be refused. Resolves when it is durable. Never rejects.
   *
   * @param taken called when its turn begins
   * @throws TheaterError `not-served`
   */
  call(invocation: Invocation, taken?: Delivered['taken']): Promise<TurnReply> {
    const { promise, resolve } = Promise.withResolvers<TurnReply>()
    this.#admit(invocation, { settle: resolve, taken })
    return promise
  }

  /**
   * Takes a turn for somebody who can take it back.
   *
   * @param waits whether it waits where the mailbox is full; otherwise it is refused
   * @throws TheaterError `not-served`
   */
  ask(invocation: Invocation, waits = false): Asked {
    const { promise, resolve } = Promise.withResolvers<AskedReply>()
    const waiting = this.#admit(invocation, { settle: resolve }, waits)
    return {
      reply: promise,
      withdraw: () => {
        // Whoever else brought the same cause still waits for it.
        if (invocation.cause !== null || waiting === undefined) return
        if (this.mailbox.remove(waiting)) resolve({ tag: 'withdrawn' })
      },
    }
  }

  /** Whether the mailbox takes no more from whoever can be refused. */
  get full(): boolean {
    return this.mailbox.full
  }

  /** Whether that is more than one message may be. */
  tooLarge(args: readonly unknown[]): boolean {
    const { messageBytes } = this.#parts
    return sizeOf(args, messageBytes) > messageBytes
  }

  /** Takes back what waits for a cause. `false`: its turn has begun. */
  withdraw(cause: Pick<Cause, 'chain' | 'seq'>): boolean {
    return this.mailbox.withdraw(cause)
  }

  #admit(invocation: Invocation, delivered: Delivered, waits = false): Letter | undefined {
    const { cause } = invocation
    const { full, limit } = this.mailbox
    const { settle } = delivered
    if (this.tooLarge(invocation.args)) {
      settle({ tag: 'too-large', limit: this.#parts.messageBytes })
      return undefined
    }
    if (!full || !this.#parts.alive() || waits || (cause !== null && this.knows(cause)))
      return this.accept(invocation, delivered)
    settle({ tag: 'mailbox-full', limit })
    return undefined
  }

  /**
   * Takes a message for a turn, in its place behind all that came before it. A cause that is known is not run again:
   * what came of it is said again.
   *
   * @returns what waits for its turn; `undefined`: nothing does
   * @throws TheaterError `not-served`
   */
  accept(invocation: Invocation, { taken, settle }: Delivered): Letter | undefined {
    const { id, alive, gone, exported, came } = this.#parts
    const { cause } = invocation
    if (cause !== null && this.#forgot(cause)) {
      this.#look(invocation, cause, { taken, settle })
      return undefined
    }
    if (cause !== null && this.knows(cause)) {
      taken?.(0)
      this.again(cause, settle)
      return undefined
    }
    if (!alive()) {
      settle(gone())
      return undefined
    }
    const fn = exported(invocation.fn)
    if (fn === undefined)
      throw new TheaterError('not-served', `${id} exports no ${invocation.fn}`, { actor: id })
    const waiting: Letter = { ...letter(fn, invocation), taken, listeners: [settle] }
    this.mailbox.add(waiting)
    came()
    return waiting
  }

  /**
   * Takes a turn for somebody who waits where the mailbox is full. Resolves when it is durable. Never rejects.
   *
   * @param taken called when its turn begins
   * @throws TheaterError `not-served`
   */
  hold(invocation: Invocation, taken?: Delivered['taken']): Promise<TurnReply> {
    const { promise, resolve } = Promise.withResolvers<TurnReply>()
    if (this.tooLarge(invocation.args)) resolve({ tag: 'too-large', limit: this.#parts.messageBytes })
    else this.accept(invocation, { settle: resolve, taken })
    return promise
  }

  /**
   * Tells of something that is known by something else than its cause, in its place behind all that came before it.
   *
   * @param settle hears what came of it
   */
  tell(invocation: Invocation, settle?: Settle): void {
    const fn = this.#parts.exported(invocation.fn)
    if (fn === undefined || !this.#parts.alive()) return
    this.mailbox.add({ ...letter(fn, invocation), listeners: settle === undefined ? [] : [settle] })
    this.#parts.came()
  }

  /**
   * Takes a message again that the record holds a turn of which was undone, or refused it. Where it waits already, that is
   * waited for. Resolves when its turn is durable. Never rejects.
   *
   * @param taken called when its turn begins
   * @throws TheaterError `not-served`
   */
  retry(invocation: Invocation & { readonly cause: Cause }, taken?: Delivered['taken']): Promise<TurnReply> {
    const { promise, resolve } = Promise.withResolvers<TurnReply>()
    const { id, alive, gone, exported, came } = this.#parts
    const waiting = this.mailbox.find(invocation.cause)
    const fn = exported(invocation.fn)
    if (waiting !== undefined) waiting.listeners.push(resolve)
    else if (!alive()) resolve(gone())
    else if (fn === undefined)
      throw new TheaterError('not-served', `${id} exports no ${invocation.fn}`, { actor: id })
    else if (this.tooLarge(invocation.args)) resolve({ tag: 'too-large', limit: this.#parts.messageBytes })
    else if (this.full) resolve({ tag: 'mailbox-full', limit: this.mailbox.limit })
    else {
      this.mailbox.add({ ...letter(fn, invocation), taken, listeners: [resolve] })
      came()
    }
    return promise
  }

  /** Whether a cause waits here, or the record holds it, or may: it is of those that only the record itself tells of. */
  knows(cause: Pick<Cause, 'chain' | 'seq'>): boolean {
    return this.mailbox.find(cause) !== undefined || this.#parts.received.turnOf(cause) !== undefined
  }

  /** Whether a cause waits here, or the record holds it. @throws ChainError */
  async holds(cause: Pick<Cause, 'chain' | 'seq'>): Promise<boolean> {
    if (!this.#forgot(cause)) return this.knows(cause)
    const { store, chain } = this.#parts
    return (await recordedTurn(store, chain(), cause)) !== undefined
  }

  /** Where the last turn of a cause begins that the record holds; `undefined` too where only the record itself tells. */
  turnOf(cause: Pick<Cause, 'chain' | 'seq'>): number | undefined {
    const turn = this.#parts.received.turnOf(cause)
    return turn === 'forgotten' ? undefined : turn
  }

  #forgot(cause: Pick<Cause, 'chain' | 'seq'>): boolean {
    return this.#parts.received.turnOf(cause) === 'forgotten' && this.mailbox.find(cause) === undefined
  }

  /** Looks in the record for a cause that comes late, and takes it where it is not there. */
  #look(invocation: Invocation, cause: Cause, { taken, settle }: Delivered): void {
    const { id, store, chain, exported, alive, gone, came, closing } = this.#parts
    const fn = exported(invocation.fn)
    if (fn === undefined)
      throw new TheaterError('not-served', `${id} exports no ${invocation.fn}`, { actor: id })
    const waiting: Letter = { ...letter(fn, invocation), taken, listeners: [settle] }
    // Whoever brings the same meanwhile waits with it.
    this.mailbox.follow(waiting)
    const look = async (): Promise<void> => {
      const turn = await recordedTurn(store, chain(), cause)
      if (turn !== undefined) {
        taken?.(0)
        this.mailbox.settle(waiting, await this.#reply(turn))
      } else if (alive()) {
        this.mailbox.add(waiting)
        came()
      } else this.mailbox.settle(waiting, gone())
    }
    look().catch((error: unknown) => {
      this.mailbox.settle(waiting, closing() ? { tag: 'closed' } : { tag: 'store-failed', error })
    })
  }

  /** Says what came, or will come, of a cause that is known. */
  again(cause: Pick<Cause, 'chain' | 'seq'>, settle: Settle): void {
    const { store, chain, received, closing } = this.#parts
    const known = this.mailbox.find(cause)
    const turn = received.turnOf(cause)
    if (known !== undefined) {
      known.listeners.push(settle)
      return
    }
    if (turn === undefined) return
    const look = async (): Promise<TurnReply> => {
      const at = turn === 'forgotten' ? await recordedTurn(store, chain(), cause) : turn
      // It was taken back before its turn began.
      return at === undefined ? { tag: 'left' } : this.#reply(at)
    }
    const failed = (error: unknown): void =>
      settle(closing() ? { tag: 'closed' } : { tag: 'store-failed', error })
    look().then(settle, failed)
  }

  /** What came of a turn, as what is here of the record says. */
  async #reply(turn: number | 'archived'): Promise<TurnReply> {
    const { store, chain, exported } = this.#parts
    const archived = (await store.info(chain()))?.archived
    if (turn === 'archived' || (archived !== undefined && turn < archived.base)) return { tag: 'archived' }
    return recordedReply(store, chain(), turn, exported)
  }
}

/** What waits for a turn of an export. */
export function letter(fn: FunctionModel, invocation: Invocation): Letter {
  return { ...invocation, id: fn.id, taken: undefined, listeners: [] }
}
