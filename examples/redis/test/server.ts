import { afterAll } from 'vitest'
import { program, startServer } from '../src/server.ts'

const path = program()

/** Why the tests on a server are skipped; `undefined` where it is installed. */
export const absent = path === undefined ? 'redis-server is not installed' : undefined

/** One server for the tests of a file, made when it is asked for. Each caller has a namespace of its own in it. */
export function sharedServer(): () => Promise<{ readonly url: string; readonly namespace: string }> {
  let server: ReturnType<typeof startServer> | undefined
  let spaces = 0
  afterAll(async () => (await server)?.[Symbol.asyncDispose]())
  return async () => {
    if (path === undefined) throw new Error(absent)
    server ??= startServer(path)
    const { url } = await server
    return { url, namespace: `space-${++spaces}:` }
  }
}
