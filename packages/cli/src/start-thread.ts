import { printable } from '@theater/handler-log'
import type { Restart, TheaterThread } from '@theater/runtime/thread'
import type { ActorThreadData, ThreadNews } from './actor-thread.ts'
import type { ComponentMaps } from './component-maps.ts'
import type { DataPaths } from './data-folder.ts'
import type { HostOptions } from './host.ts'
import type { Output } from './output.ts'

/** What a thread of actors is started with. */
export interface StartOptions extends HostOptions {
  readonly paths: DataPaths
  readonly maps: ComponentMaps
  readonly answerMs: number
  /** Called where another host has taken the store over. */
  readonly lost: (error: Error) => void
}

/** Beside this file: TypeScript in a checkout, JavaScript where it is published. */
const moduleUrl = new URL(
  import.meta.url.endsWith('.ts') ? './actor-thread.ts' : './actor-thread.js',
  import.meta.url,
)

/** Brings the actors of a data folder back in a thread of their own. @throws TheaterError */
export async function startThread(options: StartOptions, output: Output): Promise<TheaterThread> {
  const { paths, maps, answerMs, listen, secrets = {}, maxActors, residing = {}, others } = options
  const { lost, log, deadLetter } = options
  const { openThread } = await import('@theater/runtime/thread')
  const data: ActorThreadData = {
    paths,
    listen: listen?.at,
    secrets,
    maxActors,
    residing,
    modules: others?.modules ?? [],
  }
  return openThread({
    module: moduleUrl,
    data,
    answerMs,
    log: (line) => log(line, maps),
    deadLetter,
    told: (told) => {
      const news = told as ThreadNews
      if ('lost' in news) void staleError(news.lost).then(lost)
      else if ('listening' in news) listen?.onListen(news.listening)
      else listen?.onUnanswered(news.unanswered)
    },
    restarted: (restart) => output.note(output.styleNote('yellow', restartNote(restart, answerMs))),
  })
}

async function staleError(message: string): Promise<Error> {
  const { ChainError } = await import('@theater/event-chain')
  return new ChainError('stale', message)
}

/** What happened to a thread, for people. */
function restartNote({ how, actor, error }: Restart, answerMs: number): string {
  const what =
    how === 'hung'
      ? `did not answer for ${answerMs / 1000} s and was ended`
      : `ended (${printable(error?.message ?? 'nobody knows why')})`
  const who = actor === undefined ? '' : `: ${printable(actor)} kept it`
  return `the thread of the actors ${what}${who}; they go on in another one`
}
