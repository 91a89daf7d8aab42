import { decodeReply, encodeMessage } from '@theater/actor/message'
import { diskCache } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'
import { kitGuest } from '@theater/guests/kit'
import { messaging } from '@theater/handler-messaging'
import { log } from '@theater/handler-log'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnyHandler } from '@theater/handler'
import type { Theater } from '@theater/runtime'

/** The TypeScript counter of tooling/guests. */
export const counter = kitGuest('kit-counter')

/** Transpiled components outlive a test run, as they do for a user. */
export const cache = await diskCache(transpiled)

/** So do built ones: a build is reproducible. */
export const builds = join(tmpdir(), 'theater-e2e-builds')

export const handlers = (): readonly AnyHandler[] => [messaging(), log()]

/** Sends a kit message from the host and decodes the answer. */
export async function ask(theater: Theater, to: string, type: string, body?: unknown): Promise<unknown> {
  const answer = await theater.request(to, encodeMessage(type, body))
  if ('err' in answer) return { err: answer.err.code }
  return decodeReply(answer.ok)
}
