import { defineActor } from '@theater/actor'

export default defineActor({
  uses: ['http'],
  state: { asked: 0 },
  async fetch(ctx, request) {
    const city = new URL(request.url).searchParams.get('city') ?? 'Bern'
    const signal = AbortSignal.timeout(2_000)
    const [now, next] = await Promise.all(
      ['now', 'next'].map(async (what) => {
        const response = await fetch(`https://weather.example/${what}?city=${encodeURIComponent(city)}`, {
          signal,
        })
        return await response.text()
      }),
    )
    ctx.state.asked += 1
    return Response.json({ city, now, next, asked: ctx.state.asked })
  },
})
