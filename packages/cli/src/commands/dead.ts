import { ChainError, hex } from '@theater/event-chain'
import type { ChainInfo } from '@theater/event-chain'
import { printable } from '@theater/handler-log'
import type { RecordedLetter, Theater } from '@theater/runtime'
import { contributedBy } from '../contributed.ts'
import { readChains } from '../data-folder.ts'
import { CliError, failureOf } from '../errors.ts'
import { exits, interrupted } from '../exits.ts'
import { Host } from '../host.ts'
import { Interrupt } from '../interrupt.ts'
import { DeadLetters, logTo } from '../logs.ts'
import type { Output } from '../output.ts'
import { settle } from '../run-manifest.ts'
import { table } from '../table.ts'
import { readParts, wholeOf } from '../whole.ts'

/** What is done with dead letters. */
export type DeadAction = 'ls' | 'retry' | 'drop'

interface DeadOptions {
  readonly data: string
  /** `MODULE` or `MODULE={…}` of handlers of others. */
  readonly handler: readonly string[]
}

/** `theater dead`: what reached nobody, or what its receiver failed over. */
export async function dead(
  action: DeadAction,
  ids: readonly string[],
  options: DeadOptions,
  output: Output,
): Promise<number> {
  if (action !== 'ls' && ids.length === 0)
    throw new CliError('usage', `\`theater dead ${action}\` needs ids: \`theater dead ls\` says them`)
  switch (action) {
    case 'ls':
      return list(ids, options, output)
    case 'retry':
      return retry(ids, options, output)
    case 'drop':
      return drop(ids, options, output)
  }
}

/** Also while another process runs the folder's actors. @param files archived parts that are not where they were written */
async function list(files: readonly string[], { data }: DeadOptions, output: Output): Promise<number> {
  const { letters, unread } = await lettersOf(data, files)
  for (const letter of output.json ? letters : []) await output.result(letterJson(letter), () => '')
  for (const why of unread)
    output.note(
      output.styleNote(
        'yellow',
        `${why}. Dead letters of them are not listed: \`theater dead ls FILE.car…\` reads them from there`,
      ),
    )
  if (output.json) return exits.done
  if (letters.length === 0) {
    output.note(unread.length === 0 ? 'no dead letters' : 'no other dead letters')
    return exits.done
  }
  const columns = [{ title: 'ID' }, { title: 'FROM' }, { title: 'TO' }, { title: 'WHY' }] as const
  const cells = letters.map(({ id, from, to, reason }) => [
    output.style('bold', printable(id)),
    printable(from),
    printable(to),
    reason,
  ])
  await output.text(table(columns, cells, (text) => output.style('dim', text)))
  return exits.done
}

function letterJson({ id, from, to, seq, fn, reason, turn, archived }: FoundLetter): {
  readonly [key: string]: string | number | null
} {
  return { id, from, to, seq, fn, reason, turn: turn ?? null, archived: archived ?? null }
}

/** A dead letter, and where it is. */
interface FoundLetter extends RecordedLetter {
  /** The record whose archived part says so; undefined where the folder itself does. */
  readonly archived: string | undefined
}

interface Found {
  readonly letters: readonly FoundLetter[]
  /** Which parts of records were not read, and why. */
  readonly unread: readonly string[]
}

/** The dead letters of a folder, with those of archived parts whose files are there. */
async function lettersOf(data: string, files: readonly string[] = []): Promise<Found> {
  const { deadLetters } = await import('@theater/runtime')
  await using opened = new AsyncDisposableStack()
  const chains = opened.use(await readChains(data))
  const here = await deadLetters(chains)
  const parted = (await chains.list()).filter(
    ({ archived, origin }) => archived !== undefined && origin === undefined,
  )
  const given = await readParts(files, opened)
  if (parted.length === 0)
    return { letters: here.map((letter) => ({ ...letter, archived: undefined })), unread: [] }
  const unread: string[] = []
  const all = await deadLetters(chains, {
    whole: async (info) => {
      try {
        return await wholeOf(chains, info, opened, given)
      } catch (error) {
        const known = CliError.is(error) || (ChainError.is(error) && error.code === 'archived')
        if (!known) throw error
        const { lead = 0, base = 0, parts = [] } = info.archived ?? {}
        const others = parts.length < 2 ? '' : `, so that nothing from ${lead} to ${base - 1} is read`
        unread.push(`${error.message}${others}`)
        return undefined
      }
    },
  })
  const ids = new Set(here.map(({ id }) => id))
  const letters = all.map((letter) => ({
    ...letter,
    archived: ids.has(letter.id) ? undefined : saidBy(letter, parted),
  }))
  return { letters, unread }
}

/** The record whose archived part a letter is known by: its sender's, where that says that it left, or its receiver's. */
function saidBy({ chain, seq, to }: RecordedLetter, parted: readonly ChainInfo[]): string {
  const sender = parted.find((info) => hex(info.chain) === hex(chain))
  return sender !== undefined && seq < (sender.archived?.base ?? 0) ? sender.label : to
}

/** Before anything is taken over: a slip of the pen must not disturb a host. @throws CliError `usage` */
async function known(ids: readonly string[], data: string): Promise<readonly FoundLetter[]> {
  const { letters, unread } = await lettersOf(data)
  return ids.map((id) => {
    const found = letters.find((letter) => letter.id === id)
    if (found !== undefined) return found
    const where = unread.length === 0 ? '' : ` What is archived was not read: ${unread.join('; ')}.`
    throw new CliError(
      'usage',
      `there is no dead letter ${JSON.stringify(id)} in ${data}. \`theater dead ls\` says which there are.${where}`,
    )
  })
}

async function retry(
  ids: readonly string[],
  { data, handler }: DeadOptions,
  output: Output,
): Promise<number> {
  for (const { id, archived } of await known(ids, data))
    if (archived !== undefined)
      throw new CliError(
        'usage',
        `${id} is known by a part of the record of ${archived} that is archived. Put that back, with \`theater archive ${archived} --restore FILE.car…\`, and it can be taken again.`,
      )
  const others = await contributedBy(handler)
  const letters = new DeadLetters(output)
  await using host = await Host.open({ data, others, log: logTo(output), deadLetter: letters.take })
  using interrupt = new Interrupt(output)
  const theater = await host.start(output)
  let code: number = exits.done
  for (const id of ids) {
    const failed = await Promise.race([tried(theater, id, output), interrupt.happened.then(() => undefined)])
    if (interrupt.seen) return interrupted
    if (failed === true) code = exits.guest
  }
  await settle(theater, interrupt, output)
  return interrupt.seen ? interrupted : code
}

/** Has one letter taken again, and says what came of it. @returns whether it failed */
async function tried(theater: Theater, id: string, output: Output): Promise<boolean> {
  try {
    await theater.retry(id)
  } catch (error) {
    const { exit, code, message } = await failureOf(error)
    // What is no answer to a message is nobody's fault but ours.
    if (exit === exits.fault) throw error
    await output.result(
      { id, taken: false, error: { code, message } },
      () => `${printable(id)} is dead still: ${printable(message)}`,
    )
    return true
  }
  await output.result({ id, taken: true, error: null }, () => `${printable(id)} was taken`)
  return false
}

async function drop(ids: readonly string[], { data }: DeadOptions, output: Output): Promise<number> {
  const { dropLetter } = await import('@theater/runtime')
  const letters = await known(ids, data)
  const said = new DeadLetters(output)
  await using host = await Host.open({ data, log: logTo(output), deadLetter: said.take })
  for (const letter of letters) {
    await dropLetter(host.store, letter)
    await output.result({ id: letter.id, dropped: true }, () => `${printable(letter.id)} was dropped`)
  }
  return exits.done
}
