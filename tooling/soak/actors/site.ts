import { defineActor } from '@theater/actor'

/** Answers HTTP requests, each of which it reads. */
export default defineActor({
  state: { count: 0 },
  async fetch({ state }, request) {
    const { searchParams } = new URL(request.url)
    const { seen } = (await request.json()) as { seen: number }
    state.count += seen
    return Response.json({ count: state.count, by: searchParams.get('by') }, { headers: { vary: 'accept' } })
  },
})
