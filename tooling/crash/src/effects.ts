/** What couriers can do to the world: the handler of `test:courier/host`, over HTTP. */
import { courierHandler } from '@theater/guests/courier'
import { defineHandler } from '@theater/handler'
import type { ActorContext, AnyHandler, Cause } from '@theater/handler'

/** Called just before something is done to the world, and when it is done. */
export type Around = <T>(effect: () => Promise<T>) => Promise<T>

/** An intent as the world knows it. */
export function keyOf({ chain, seq, hash }: Cause): string {
  return `${Buffer.from(chain).toString('hex')}:${seq}:${Buffer.from(hash).toString('hex')}`
}

/**
 * @param at where the world is
 * @param around what happens around each effect
 */
export function courierHost(at: string, around: Around): AnyHandler {
  const [track] = courierHandler.interfaces
  const intended = ({ intent }: ActorContext): string => {
    if (intent === undefined) throw new TypeError('an outside effect without an intent')
    return keyOf(intent)
  }
  const ask = async (method: string, what: string, n: number, key: string): Promise<boolean> => {
    const response = await fetch(`${at}/${what}?n=${n}`, { method, headers: { 'x-intent': key } })
    await response.arrayBuffer()
    return response.ok
  }
  return defineHandler({
    ...courierHandler,
    bind: (actor) => {
      const act = async (method: string, what: string, n: number): Promise<number> => {
        const key = intended(actor)
        await around(() => ask(method, what, n, key))
        return n
      }
      return {
        imports: {
          [track]: {
            mark: (n: number) => act('PUT', 'mark', n),
            once: (n: number) => act('POST', 'once', n),
            peek: async (n: number) => n,
            quit: (status: number) => actor.exit(status),
          },
        },
        reconcile: async ({ args }) => {
          const n = args[0] as number
          return (await ask('GET', 'once', n, intended(actor))) ? { done: n } : 'not-done'
        },
      }
    },
  })
}
