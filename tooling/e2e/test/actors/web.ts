import { defineActor, FetchError } from '@theater/actor'

const text = async (url: string, init?: RequestInit): Promise<string> => await (await fetch(url, init)).text()
const codeOf = (error: unknown): string => (FetchError.is(error) ? error.code : (error as Error).name)

/** Asks other hosts and answers requests, as on the web: for tests. Built when the tests run. */
export default defineActor({
  uses: ['http', 'messaging', 'log'],
  state: { visits: 0 },
  messages: {
    get: (_ctx, url: string) => text(url),
    both: (_ctx, urls: string[]) => Promise.all(urls.map((url) => text(url))),
    post: (_ctx, { url, body }: { url: string; body: string }) =>
      text(url, { method: 'POST', body, headers: { 'x-kind': 'test' } }),
    async pieces(_ctx, url: string) {
      const pieces: string[] = []
      const decoder = new TextDecoder()
      for await (const piece of (await fetch(url)).body!) pieces.push(decoder.decode(piece))
      return pieces.join('')
    },
    async head(_ctx, url: string) {
      const response = await fetch(url, { method: 'HEAD' })
      return { status: response.status, url: response.url, kind: response.headers.get('x-kind') }
    },
    refused: (_ctx, url: string) => text(url).catch(codeOf),
    late: (_ctx, url: string) => text(url, { signal: AbortSignal.timeout(20) }).catch(codeOf),
    async aborted(_ctx, url: string) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 5)
      return await text(url, { signal: controller.signal }).catch(codeOf)
    },
    async midway(_ctx, url: string) {
      const controller = new AbortController()
      const reader = (await fetch(url, { signal: controller.signal })).body!.getReader()
      await reader.read()
      const next = reader.read()
      controller.abort()
      return await next.then(() => 'read', codeOf)
    },
    faster: (_ctx, { slow, ms }: { slow: string; ms: number }) =>
      Promise.race([text(slow), new Promise<string>((done) => setTimeout(() => done('the timer'), ms))]),
    async unread(_ctx, url: string) {
      return (await fetch(url)).status
    },
    leave(_ctx, url: string) {
      void fetch(url).catch(() => {})
    },
    async many(_ctx, { url, times }: { url: string; times: number }) {
      for (let i = 0; i < times; i++) await text(url)
      return times
    },
    visits: ({ state }) => state.visits,
    noted: (ctx) => {
      ctx.state.visits += 100
    },
  },
  async fetch(ctx, request) {
    const { pathname, searchParams } = new URL(request.url)
    ctx.state.visits += 1
    ctx.send('notes', 'noted')
    switch (pathname) {
      case '/echo':
        return new Response(await request.text(), {
          status: 201,
          headers: [
            ['x-method', request.method],
            ['x-sent', request.headers.get('x-sent') ?? ''],
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
        })
      case '/throw':
        throw new Error('a secret of the actor')
      case '/nothing':
        return new Response(null, { status: 204 })
      case '/streams':
        return new Response(
          new ReadableStream({
            async start(controller) {
              for (const word of ['one ', 'two ', 'three']) {
                await new Promise((done) => setTimeout(done, 1))
                controller.enqueue(new TextEncoder().encode(word))
              }
              controller.close()
            },
          }),
        )
      case '/breaks':
        return new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(new TextEncoder().encode('half'))
              await new Promise((done) => setTimeout(done, 5))
              controller.error(new Error('the rest is gone'))
            },
          }),
        )
      case '/proxy':
        return await fetch(searchParams.get('to')!)
      default:
        return Response.json({ visits: ctx.state.visits })
    }
  },
})
