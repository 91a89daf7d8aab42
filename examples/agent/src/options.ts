import { parseArgs } from 'node:util'
import { meant } from '@theater/example-kit/shown'
import { home } from './paths.ts'

/** What the command line asks for. */
export interface Options {
  /** Forgets a run that was interrupted. */
  readonly fresh: boolean
  /** Where records and the exported file go. */
  readonly data: string
  /** What the agent is asked, instead of what theater.toml says. */
  readonly question: string | undefined
  /** What stands before `/v1/chat/completions`; undefined: the stand-in. */
  readonly modelUrl: string | undefined
  readonly model: string | undefined
  /** The environment variable that has the key; undefined: none is sent, or the stand-in's own. */
  readonly secret: string | undefined
  /** When the stand-in gets so many requests the process kills itself, as if the machine had lost power. */
  readonly crashAfter: number | undefined
}

export const help = `An agent asks a model over HTTP, uses two tools under a budget, and its run is verified.

  npm run agent [-- OPTIONS]

  --model-url URL    ask this server, which speaks the chat completions API, instead of the stand-in
  --model NAME       the model to ask for there
  --secret NAME      the environment variable that has its key; the host sends it, the agent never sees it
  --question TEXT    ask the agent something else
  --fresh            forget a run that was interrupted; without it that one goes on
  --data DIR         keep records and export elsewhere (default examples/agent/.theater)
  --crash-after N    kill this process (SIGKILL) when the stand-in gets its Nth request, to see the next start go on
  --help             this text`

/** Reads the command line; a text says what is wrong with it. */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | 'help' | { readonly wrong: string } {
  const known = {
    fresh: { type: 'boolean', default: false },
    data: { type: 'string' },
    question: { type: 'string' },
    'model-url': { type: 'string' },
    model: { type: 'string' },
    secret: { type: 'string' },
    'crash-after': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...args], options: known })
    const { data, fresh, question, model, secret } = values
    const crash = values['crash-after']
    const url = values['model-url']
    if (values.help) return 'help'
    if (crash !== undefined && !/^[1-9]\d{0,5}$/.test(crash))
      return { wrong: `--crash-after is a number from 1 on, not ${crash}` }
    if (url !== undefined && baseOf(url) === undefined)
      return { wrong: `--model-url is a URL with http: or https: and no query, not ${url}` }
    if (url !== undefined && crash !== undefined)
      return { wrong: '--crash-after counts the requests of the stand-in: it does not go with --model-url' }
    if ((url === undefined) !== (model === undefined)) return { wrong: '--model-url and --model go together' }
    if (secret !== undefined && !environment[secret])
      return { wrong: `--secret ${secret}: there is no such environment variable, or it is empty` }
    return {
      fresh,
      question,
      model,
      secret,
      modelUrl: url === undefined ? undefined : baseOf(url),
      data: data === undefined ? home('.theater') : meant(data),
      crashAfter: crash === undefined ? undefined : Number(crash),
    }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}

/** What stands before `/v1/chat/completions`: many name their servers with the `/v1`. */
function baseOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, origin, pathname, search, hash, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  if (search !== '' || hash !== '' || username !== '' || password !== '') return undefined
  return `${origin}${pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}`
}
