import { WitError } from '@theater/handler'
import type { Binding } from '@theater/handler'
import { fakeActor } from '../fake-actor.ts'
import type { FakeActor, FakeActorOptions } from '../fake-actor.ts'
import type { MessagingMay, MessagingSubject } from './subject.ts'

/** The tracks of what actors import. */
export const CLIENT = 'theater:messaging/client@0.1'
export const TOPICS = 'theater:messaging/topics@0.1'
export const CHANNELS = 'theater:messaging/channels@0.1'

/** The most bytes of a message, and the most milliseconds of a request, in the laws. */
export const LIMIT = 40
export const TIMEOUT = 1000

/** A message of `n` bytes, format included. */
export function message(n = 20): { readonly format: string; readonly body: Uint8Array } {
  return { format: 'text/plain', body: new Uint8Array(n - 'text/plain'.length).fill(0x61) }
}

type Functions = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

/** An actor, and what it imports. */
export interface Site {
  readonly actor: FakeActor
  readonly binding: Binding
  readonly client: Functions
  readonly topics: Functions
  readonly channels: Functions
}

/** Binds the handler for one actor, which may do everything unless it is said. */
export async function site(
  { make, grant }: MessagingSubject,
  options: FakeActorOptions = {},
  may: MessagingMay = { to: ['*'], publish: ['*'], subscribe: ['*'] },
): Promise<Site> {
  const actor = fakeActor({ id: 'auditor', ...options })
  const binding = await make(LIMIT, TIMEOUT).bind(actor, grant(may) as never)
  const imports = binding.imports as Readonly<Record<string, Functions>>
  return {
    actor,
    binding,
    client: imports[CLIENT] ?? {},
    topics: imports[TOPICS] ?? {},
    channels: imports[CHANNELS] ?? {},
  }
}

/** What a call answers with: a value, or the error as `! name` and what it carries. */
export async function answer(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    if (!WitError.is(error)) throw error
    const { tag, val } = error.payload as { readonly tag: string; readonly val?: unknown }
    const carried = typeof val === 'bigint' || typeof val === 'number' ? ` ${val}` : ''
    return `! ${tag}${carried}`
  }
}
