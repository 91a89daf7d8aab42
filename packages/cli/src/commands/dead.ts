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
  if (action === 'ls' && ids.length > 0)
    throw new CliError('usage', '`theater dead ls` lists all of them and takes no ids')
  if (action !== 'ls' && ids.length === 0)
    throw new CliError('usage', `\`theater dead ${action}\` needs ids: \`theater dead ls\` says them`)
  switch (action) {
    case 'ls':
      return list(options, output)
    case 'retry':
      return retry(ids, options, output)
    case 'drop':
      return drop(ids, options, output)
  }
}

/** Also while another process runs the folder's actors. */
async function list({ data }: DeadOptions, output: Output): Promise<number> {
  const letters = await lettersOf(data)
  for (const letter of output.json ? letters : []) await output.result(letterJson(letter), () => '')
  if (output.json) return exits.done
  if (letters.length === 0) {
    output.note('no dead letters')
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

function letterJson({ id, from, to, seq, fn, reason, turn }: RecordedLetter): {
  readonly [key: string]: string | number | null
} {
  return { id, from, to, seq, fn, reason, turn: turn ?? null }
}

async function lettersOf(data: string): Promise<readonly RecordedLetter[]> {
  const { deadLetters } = await import('@theater/runtime')
  await using chains = await readChains(data)
  return await deadLetters(chains)
}

/** Before anything is taken over: a slip of the pen must not disturb a host. @throws CliError `usage` */
async function known(ids: readonly string[], data: string): Promise<readonly RecordedLetter[]> {
  const letters = await lettersOf(data)
  return ids.map((id) => {
    const found = letters.find((letter) => letter.id === id)
    if (found !== undefined) return found
    throw new CliError(
      'usage',
      `there is no dead letter ${JSON.stringify(id)} in ${data}. \`theater dead ls\` says which there are.`,
    )
  })
}

async function retry(
  ids: readonly string[],
  { data, handler }: DeadOptions,
  output: Output,
): Promise<number> {
  await known(ids, data)
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
