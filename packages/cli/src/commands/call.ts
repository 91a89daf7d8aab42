import { exits, interrupted } from '../exits.ts'
import { CliError } from '../errors.ts'
import { contributedBy } from '../contributed.ts'
import { answer, printAnswer } from '../answer.ts'
import { resolveTarget } from '../target.ts'
import { Host } from '../host.ts'
import { Interrupt } from '../interrupt.ts'
import { DeadLetters, logTo } from '../logs.ts'
import { noteRecovery, settle } from '../run-manifest.ts'
import { findActor, readChains } from '../data-folder.ts'
import { checkOwn } from '../signed-records.ts'
import type { Output } from '../output.ts'

/** Options of `theater call`. */
export interface CallOptions {
  readonly data: string
  readonly timeoutMs: number
  /** Milliseconds within which the thread of the actors has to answer; undefined: they have none of their own. */
  readonly answerMs?: number | undefined
  /** `MODULE` or `MODULE={…}` of handlers of others. */
  readonly handler: readonly string[]
  /** Whether what the call set going is waited for. */
  readonly wait: boolean
}

/** `theater call`: one export of one actor, or one message of the kit. */
export async function call(
  actor: string,
  name: string,
  args: readonly string[],
  options: CallOptions,
  output: Output,
): Promise<number> {
  const json = args.map(parseArgument)
  // Before anything is taken over: a slip of the pen must not disturb a host, nor wait for actors to come back.
  const target = await (async () => {
    await using chains = await readChains(options.data)
    checkOwn(await findActor(chains, actor, options.data), 'a call')
    return await resolveTarget(chains, actor, name, json)
  })()
  const others = await contributedBy(options.handler)
  const letters = new DeadLetters(output)
  await using host = await Host.open({
    data: options.data,
    others,
    log: logTo(output),
    deadLetter: letters.take,
  })
  using interrupt = new Interrupt(output)
  const theater = await host.startApart(options.answerMs, output)
  for (const info of await theater.actors())
    if (info.recovery?.unfinished === true) noteRecovery(info, output)
  const answered = answer(theater, actor, target, options.timeoutMs)
  const outcome = await Promise.race([answered, interrupt.happened])
  if (outcome === undefined) {
    answered.catch(() => undefined)
    return interrupted
  }
  await printAnswer(outcome, actor, host.maps, output)
  if (options.wait) await settle(theater, interrupt, output)
  if (interrupt.seen) return interrupted
  return 'ok' in outcome.json ? exits.done : exits.guest
}

function parseArgument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
    const hint = /^[\w .:/-]+$/.test(text)
      ? ` A string has quotes of its own: '${JSON.stringify(text)}'.`
      : ''
    throw new CliError('bad-arguments', `${shown} is not JSON.${hint}`, { cause })
  }
}
