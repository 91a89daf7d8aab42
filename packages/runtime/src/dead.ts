import { isOutside, queueRule, trackName } from '@theater/boundary'
import { readEvents } from '@theater/event-chain'
import type {
  BlobReader,
  BlobStore,
  ChainInfo,
  ChainReader,
  Event,
  Genesis,
  Store,
} from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import type { Cause } from '@theater/handler'
import { cidOf, compileFunction, encodeData, noHandles, Reader } from '@theater/values'
import type { ComponentModel, FunctionModel } from '@theater/values'
import { exportedBy } from './exported.ts'
import type { Limits } from './limits.ts'
import { defaultLimits } from './limits.ts'
import { readMail } from './mail.ts'
import type { Arrival, Mail, Sent } from './mail.ts'
import { Moves } from './moves.ts'
import type { DeadLetter } from './post.ts'
import { causeKey, chainKey } from './received.ts'
import { sizeOf } from './size.ts'

/** A message that reached nobody, or that its receiver failed over, as the records have it. */
export interface RecordedLetter extends DeadLetter {
  /** Names it in its store: `FROM@SEQ@TO`, where FROM is the record of its sender. */
  readonly id: string
  /** The sender's chain. 32 bytes. */
  readonly chain: Uint8Array
  /** The hash of its `send` event. 32 bytes. */
  readonly hash: Uint8Array
  /** The export of the receiver that it is for. */
  readonly fn: string
  readonly args: readonly unknown[]
  /** Where the last turn that it became begins, in the record of `to`; `undefined` where it became none. */
  readonly turn: number | undefined
}

/** How dead letters are looked for. */
export interface DeadLettersOptions {
  /**
   * All of a record that was archived in part, where its files are there: `undefined` where they are not.
   *
   * @default what is in the store is read of each
   */
  readonly whole?: (
    info: ChainInfo,
  ) => Promise<{ readonly store: ChainReader & BlobReader; readonly info: ChainInfo } | undefined>
}

/**
 * The dead letters of a store: what left an actor and reached nobody that is there, or what its receiver trapped over, was
 * aborted at, or refused. All of it follows from the records, so it is there after every restart, whoever reads them. It
 * reads all of them, and holds a few numbers for each message.
 *
 * A message on its way to an actor that is there is none: it will be delivered, maybe by another host. What was archived of a record is
 * read where `whole` has it: else what was sent there is not listed, and a message that may have become a turn there is none, however that ended.
 *
 * @returns in the order of the senders' records, and in each as they left
 * @throws ChainError
 */
export async function deadLetters(
  store: ChainReader & BlobReader & Pick<Store, 'archives'>,
  { whole }: DeadLettersOptions = {},
): Promise<readonly RecordedLetter[]> {
  const mails: Mail[] = []
  for (const info of await store.list()) {
    if (info.origin !== undefined) continue
    const all = info.archived === undefined ? undefined : await whole?.(info)
    const mail = await (all === undefined ? readMail(store, info) : readMail(all.store, all.info))
    if (mail !== undefined) mails.push(mail)
  }
  const arrivals = new Map<string, Arrival[]>()
  for (const mail of mails)
    for (const [cause, arrival] of mail.arrivals) {
      const known = arrivals.get(cause)
      if (known === undefined) arrivals.set(cause, [arrival])
      else known.push(arrival)
    }
  const dead: RecordedLetter[] = []
  const moves = new Moves(store)
  for (const mail of mails) {
    for (const sent of mail.sent) {
      const arrived = arrivals.get(causeKey({ chain: mail.chain, seq: sent.seq })) ?? []
      // What one actor gets, and handled well, is most of what there is: it needs no second look.
      if (!sent.many && arrived.some(({ outcome }) => outcome === 'well')) continue
      for (const letter of await lettersOf(mail, sent)) {
        const reason = deathOf({ ...letter, chain: mail.chain, seq: sent.seq }, sent, { arrived, mails })
        if (reason === undefined) continue
        const receiver = mails.find(({ label }) => label === letter.to)
        const came = arrived.some(({ actor }) => actor === letter.to)
        if (!came && (await moves.elsewhere(mail, sent.seq, receiver?.chain))) continue
        const turn = arrived.findLast(({ actor }) => actor === letter.to)?.turn
        const found = { ...letter, reason, turn }
        if (!(await store.has(dropMark(found)))) dead.push(found)
      }
    }
  }
  return dead
}

/** Says for good that nobody wants a dead letter any more: a block of the store that says so. */
export async function dropLetter(store: BlobStore, letter: LetterName): Promise<void> {
  await store.put(dropMark(letter), dropped(letter))
}

/** What identifies a death: a letter that was tried again and is dead again was not dropped before. */
export type LetterName = Pick<RecordedLetter, 'chain' | 'seq' | 'to' | 'turn'>

/** The name of the block that says that a letter was dropped. */
export function dropMark(letter: LetterName): Uint8Array {
  return cidOf('dag-cbor', sha256(dropped(letter)))
}

function dropped({ chain, seq, to, turn }: LetterName): Uint8Array {
  return encodeData(['theater:dropped-letter', chain, seq, to, turn ?? null])
}

function deathOf(
  { to, fn, args, chain, seq }: Pick<RecordedLetter, 'to' | 'fn' | 'args' | 'chain' | 'seq'>,
  sent: Sent,
  { arrived, mails }: { readonly arrived: readonly Arrival[]; readonly mails: readonly Mail[] },
): DeadLetter['reason'] | undefined {
  // The end of a channel that the program had: its host told it, or ended, and then the actor hears of that.
  if (isOutside(to)) return undefined
  const own = arrived.filter(({ actor }) => actor === to)
  if (own.some(({ outcome }) => outcome === 'well' || outcome === 'open')) return undefined
  const last = own.at(-1)?.outcome
  if (last === 'failed' || last === 'trapped' || last === 'aborted') return last
  if (own.length === 0 && mails.some((one) => one.genesis.actor === to && took(one, { chain, seq })))
    return undefined
  const receiver = mails.find(({ label }) => label === to)
  if (receiver === undefined) return 'unknown-actor'
  if (!receiver.open) return 'stopped'
  const before = mails.some((one) => one !== receiver && one.genesis.actor === to)
  if (!isFor(sent.time, receiver.genesis, before)) return 'stopped'
  if (exportedBy(receiver.model, fn) === undefined) return 'not-served'
  const { messageBytes = defaultLimits.messageBytes } = receiver.genesis.limits as Partial<Limits>
  return sizeOf(args, messageBytes) > messageBytes ? 'too-large' : undefined
}

/** Whether a message, or one of its sender that came after it, became a turn that was archived. */
function took({ before }: Mail, { chain, seq }: Pick<Cause, 'chain' | 'seq'>): boolean {
  return before !== undefined && before.last(chainKey(chain)) >= seq
}

/**
 * Whether a message that never arrived is for the actor that has the name now. Where another one had it before, one that was
 * said before this one was made was for that one, and nobody delivers it to this one without being told.
 *
 * @param said when the turn began that said it
 * @param before whether another actor had the name
 */
export function isFor(said: number, receiver: Pick<Genesis, 'time'>, before: boolean): boolean {
  return !before || said >= receiver.time
}

/** What one `send` event carries, to each of its receivers. */
async function lettersOf(
  { store, label, chain, genesis, model }: Mail,
  { seq, hash, call }: Sent,
): Promise<readonly Omit<RecordedLetter, 'reason' | 'turn'>[]> {
  const event = await eventAt(store, chain, call)
  if (event?.kind !== 'call' || event.content === null) return []
  const { fn: id, args, outcome } = event.content
  const fn = importedBy(model, id)
  const rule = fn && queueRule(trackName(fn))
  if (fn === undefined || rule?.kind !== 'message' || outcome === null) return []
  const codec = compileFunction(fn)
  const said = codec.readArgs(new Reader(args), noHandles)
  const { val: answer } = codec.readResult(new Reader(outcome.result), noHandles) as {
    readonly val?: unknown
  }
  const from = genesis.actor
  const made = { args: said, answer, sender: from }
  return rule.to(made).map((to) => ({
    id: `${label}@${seq}@${to}`,
    from,
    to,
    seq,
    chain,
    hash,
    fn: rule.fn,
    args: rule.args(made),
  }))
}

function importedBy({ imports }: ComponentModel, id: string): FunctionModel | undefined {
  for (const { functions } of imports) for (const fn of functions) if (fn.id === id) return fn
  return undefined
}

async function eventAt(
  store: ChainReader & BlobReader,
  chain: Uint8Array,
  seq: number,
): Promise<Event | undefined> {
  for await (const event of readEvents(store, chain, seq, seq + 1, { hash: sha256 })) return event
  return undefined
}
