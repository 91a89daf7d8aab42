/** Verifies chains one by one in a thread of its own, which can be ended where a component does not end. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { ChainError } from '@theater/event-chain'
import type { ChainErrorCode } from '@theater/event-chain'
import { componentLoader, verify } from '@theater/replay/node'
import type { Verdict, VerifyLimits } from '@theater/replay'
import { GivenComponent } from './given-component.ts'
import { watched } from './progress.ts'
import { Subjects } from './subjects.ts'
import type { Subject } from './subjects.ts'
import { cacheOf } from './verifier.ts'

/** What the thread is started with. */
export interface VerifyWork {
  /** What the command line names. */
  readonly names: readonly string[]
  readonly data: string
  readonly component: Uint8Array | undefined
  readonly limits: Partial<VerifyLimits>
}

/** What the thread says: how far it is with a chain, or what came of it. */
export type VerifyNews =
  | { readonly done: number; readonly pass: number }
  | { readonly verdict: Verdict; readonly componentUsed: boolean }
  | { readonly failed: { readonly code: ChainErrorCode | undefined; readonly message: string } }

async function serve(port: MessagePort, work: VerifyWork): Promise<void> {
  await using subjects = new Subjects(work.data)
  const found: Subject[] = []
  for (const name of work.names) found.push(...(await subjects.find(name)))
  const cache = await cacheOf(work.data)
  const load = componentLoader(cache === undefined ? {} : { cache })
  const given = new GivenComponent(work.component)
  const tell = (news: VerifyNews): void => port.postMessage(news)
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  port.once('close', resolve)
  port.on('message', (index: number) => {
    const source = found[index]?.source
    if (source === undefined) return
    const seen = watched(source.store, (_chain, done, pass) => tell({ done, pass }))
    const store = given.beside(seen)
    verify({ store, chain: source.chain }, { load, limits: work.limits, unfinished: 'allow' }).then(
      (verdict) => tell({ verdict, componentUsed: given.used }),
      (error: unknown) => tell({ failed: reasonOf(error) }),
    )
  })
  await closed
}

/** An error of a class of ours does not cross to another thread as one. */
function reasonOf(error: unknown): Extract<VerifyNews, { readonly failed: unknown }>['failed'] {
  if (ChainError.is(error)) return { code: error.code, message: error.message }
  return { code: undefined, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

if (parentPort !== null) void serve(parentPort, workerData as VerifyWork)
