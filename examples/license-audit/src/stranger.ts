import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { shown } from '@theater/example-kit/shown'
import { clock, number } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'

const theater = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname

/** A line of `theater verify --json`, as docs/cli.md has it. */
interface Verdict {
  readonly actor: string | null
  readonly verdict: string
  readonly events: number
  readonly at: number | null
  readonly code: string | null
  readonly levels: { readonly structure: string; readonly signature: string; readonly execution: string }
}

/**
 * Has another process verify the exported file, which gets the file and the public key and nothing of this one: its structure, its
 * signature, and by running both components again.
 *
 * @param data where transpiled components are kept, for it to be quick
 */
export async function verifyElsewhere(
  { car, key, data }: { readonly car: string; readonly key: string; readonly data: string },
  screen: Screen,
): Promise<void> {
  const time = clock()
  const [name = '', id = ''] = key.split('+')
  screen.line(screen.style('dim', `theater verify ${shown(car)} --key ${name}+${id}+…`))
  screen.working('another process runs both again')
  const args = ['--conditions=theater-source', theater, 'verify', car, '--key', key, '--data', data, '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const verdicts = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Verdict)
  screen.table(
    ['ACTOR', 'EVENTS>', 'STRUCTURE', 'SIGNATURE', 'RE-EXECUTION', 'VERDICT'],
    verdicts.map(({ actor, events, levels, verdict }) => [
      actor ?? '?',
      number(events),
      level(levels.structure, screen),
      level(levels.signature, screen),
      level(levels.execution, screen),
      screen.style(['bold', verdict === 'verified' ? 'green' : 'red'], verdict),
    ]),
  )
  const messages = /^.*arrived as sent$/m.exec(said)?.[0]
  if (messages !== undefined) screen.line(messages)
  screen.line(
    screen.style(
      'dim',
      `${time()}; no package was read and no request made again for it: all of that is in the file`,
    ),
  )
  if (code !== 0 || verdicts.length === 0)
    throw new Error(`the file is not verified: ${said.trim() || out.trim()}`)
}

function level(came: string, screen: Screen): string {
  return screen.style(came === 'pass' ? 'green' : 'red', came)
}
