import { defineActor, Failure } from '@theater/actor'

/** Makes children in its `init`, as many as its params say, and then fails, or not: for tests. Built when the tests run. */
export default defineActor({
  uses: ['supervisor'],
  init(ctx, { children, fails }: { children: number; fails: boolean }) {
    const { faller } = ctx.components()
    const grants = { supervisor: { components: [`faller=${faller}`] } }
    for (let left = children; left > 0; left--)
      ctx.spawn('faller', {
        params: { children: left - 1, fails: false },
        grants,
        limits: { descendants: 2 ** (left - 1) - 1 },
      })
    if (fails) throw new Failure('fell', 'as it was told')
  },
  messages: { children: (ctx) => ctx.children() },
})
