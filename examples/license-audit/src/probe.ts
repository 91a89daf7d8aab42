import { sha256 } from '@theater/event-chain/node'
import { steps } from '@theater/replay/node'
import type { Step } from '@theater/replay/node'
import { number } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Stage } from './stage.ts'

/** What the auditor says of one attempt. */
interface Attempt {
  readonly path: string
  readonly error?: string
  readonly read?: number
}

const paths = ['/packages/../../package.json', '/packages/../../../../../../../etc/passwd', '/etc/passwd']

/** Lets the auditor try to leave its directory, and shows what it was told, and what its record says about that. */
export async function probe(stage: Stage, screen: Screen): Promise<void> {
  const from = (await stage.chain('auditor'))?.size ?? 0
  const attempts = (await stage.ask('auditor', 'probe', paths)) as readonly Attempt[]
  const calls: Step[] = []
  const chain = (await stage.chain('auditor'))?.chain ?? new Uint8Array()
  for await (const step of steps({ store: stage.store, chain }, { from, hash: sha256 })) {
    if (step.kind === 'call') calls.push(step)
  }
  for (const { path, error, read } of attempts) {
    const answer =
      error === undefined
        ? screen.style('red', `${read ?? 0} bytes read`)
        : screen.style(['bold', 'green'], error)
    screen.line(`${screen.style('bold', path)}  ${answer}`)
    const call = calls.find(({ ask }) => isObject(ask) && ask['path'] === path.replace(/^\/packages\//, ''))
    screen.line(screen.style('dim', call === undefined ? looked(calls) : denied(call)))
  }
  if (attempts.some(({ error }) => error === undefined))
    throw new Error('the auditor got out of its directory')
}

function denied({ seq, ask, content }: Step): string {
  const mark = isObject(content) && content['denied'] === true ? 'denied' : 'not denied'
  const { need, path, mount } = ask as {
    readonly need: string
    readonly path: string
    readonly mount: string
  }
  return `  event ${number(seq)}: open-at asks to ${need === 'r' ? 'read' : 'change'} ${path} in ${mount}: ${mark}`
}

/** A path that lies below no directory of the auditor's cannot even be asked for: there is no handle to ask through. */
function looked(calls: readonly Step[]): string {
  const call = calls.find(({ fn }) => fn?.endsWith('#get-directories'))
  const made = call !== undefined && isObject(call.content) && call.content['made']
  const mounts = Array.isArray(made)
    ? made.map((one) => (isObject(one) ? one['mount'] : '?')).join(', ')
    : 'none'
  return `  event ${call === undefined ? '–' : number(call.seq)}: get-directories gives ${mounts}, so there is nothing to ask through`
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
