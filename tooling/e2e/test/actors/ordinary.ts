import { defineActor } from '@theater/actor'

const wait = (ms: number): Promise<number> => new Promise((done) => void setTimeout(() => done(ms), ms))

const loadedAt = Date.now()

/** What any TypeScript does, without asking for anything: for tests. Built when the tests run. */
export default defineActor({
  state: { late: 0 },
  messages: {
    draw: () => [Math.random(), Math.random()],
    keys: () => ({ uuid: crypto.randomUUID(), bytes: [...crypto.getRandomValues(new Uint8Array(4))] }),
    async digest(_ctx, text: string) {
      const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
      return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    },
    time() {
      const before = performance.now()
      const now = Date.now()
      return {
        now,
        later: new Date().getTime(),
        passed: performance.now() - before,
        loadedAt,
        origin: performance.timeOrigin,
      }
    },
    async waits() {
      const before = Date.now()
      const order: number[] = []
      await Promise.all([30, 10, 20].map(async (ms) => order.push(await wait(ms))))
      return { order, passed: Date.now() - before }
    },
    async ticks() {
      let ticks = 0
      return await new Promise<number>((done) => {
        const timer = setInterval(() => {
          if (++ticks < 3) return
          clearInterval(timer)
          done(ticks)
        }, 5)
      })
    },
    async times() {
      const signal = AbortSignal.timeout(5)
      await new Promise((done) => signal.addEventListener('abort', done))
      return (signal.reason as Error).name
    },
    leave(ctx) {
      setTimeout(() => {
        Object.assign(globalThis, { late: true })
      }, 1)
      ctx.state.late += 1
    },
    async late() {
      await wait(20)
      return 'late' in globalThis
    },
  },
})
