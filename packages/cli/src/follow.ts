import { statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { ChainError, followEvents, goneAt, hex } from '@theater/event-chain'
import type { ChainErrorCode, ChainInfo, Event, Kind, LoggedStore } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { printable } from '@theater/handler-log'
import { dataPaths, findActor, readChains } from './data-folder.ts'
import { CliError } from './errors.ts'
import type { Output } from './output.ts'

/** How often it is looked whether there is more, in milliseconds. */
const INTERVAL = 100

/** A record that is followed. */
export interface Followed {
  readonly store: LoggedStore
  readonly info: ChainInfo
  /** Whether an earlier record of this actor was followed: it was begun anew. */
  readonly again: boolean
  /**
   * Its events from that one on, and those that come; they end with the actor, or with the record. From the first on it begins with the
   * first that was not archived.
   */
  readonly events: (from: number) => AsyncGenerator<Event>
}

/** Says that what comes is of another record. */
export function noteAgain(actor: string, output: Output): void {
  output.note(output.styleNote('yellow', `the record of ${printable(actor)} was begun anew`))
}

/** Says which events are not shown to who follows from the first one on. */
export function noteGone({ label, archived }: ChainInfo, output: Output): void {
  if (archived === undefined) return
  const gone = goneAt(label, archived, archived.lead)
  output.note(`${gone?.message ?? ''}; what comes behind them is shown`)
}

/** Waits a moment; `false`: it was ended. */
export async function pause(signal: AbortSignal): Promise<boolean> {
  await setTimeout(INTERVAL, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}

/**
 * Follows an actor of a data folder, whoever runs it, through restarts of its host, and through its record being begun
 * anew (`run --fresh`, or after a start that failed): then another one comes.
 *
 * @param wait waits until it is worth looking again; `false` ends the following
 * @throws CliError `no-data`, `usage` where there is no such actor to begin with; ChainError
 */
export async function* follow(
  folder: string,
  actor: string,
  wait: () => Promise<boolean>,
): AsyncGenerator<Followed, void, undefined> {
  const file = dataPaths(folder).chains
  let opened: LoggedStore | undefined = await readChains(folder)
  for (let again = false; opened !== undefined; again = true) {
    await using store = opened
    const info = await findActor(store, actor, folder)
    const inode = inodeOf(file)
    let replaced = false
    let last: Kind | undefined
    const wake = async (): Promise<boolean> => {
      // Nothing comes after it: nobody starts again what was stopped.
      if (last === 'stop' || !(await wait())) return false
      const now = await store.find(info.label)
      replaced = inodeOf(file) !== inode || now === undefined || hex(now.chain) !== hex(info.chain)
      return !replaced
    }
    async function* events(wanted: number): AsyncGenerator<Event> {
      const from = wanted === 0 ? (info.archived?.base ?? 0) : wanted
      for await (const event of followEvents(store, info.chain, { from, wake, hash: sha256 })) {
        last = event.kind
        yield event
      }
    }
    yield { store, info, again, events }
    opened = replaced ? await reopen(folder, actor, wait) : undefined
  }
}

/** What a database is that somebody is about to make. */
const notYet: ReadonlySet<string> = new Set<ChainErrorCode>(['not-found', 'unsupported'])

/** Opens the data folder again once the actor is there; `undefined`: the following was ended. */
async function reopen(
  folder: string,
  actor: string,
  wait: () => Promise<boolean>,
): Promise<LoggedStore | undefined> {
  for (;;) {
    try {
      const store = await readChains(folder)
      if ((await store.find(actor)) !== undefined) return store
      await store.close()
    } catch (error) {
      // Whoever begins anew has removed the file, or is about to write the new one.
      const soon = ChainError.is(error) ? notYet.has(error.code) : CliError.is(error)
      if (!soon) throw error
    }
    if (!(await wait())) return undefined
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}
