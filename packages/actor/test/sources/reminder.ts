import { defineActor } from '@theater/actor'

export default defineActor({
  uses: ['timer'],
  state: { notes: [] as string[], beats: 0 },
  timers: {
    remind({ state }, note: string) {
      state.notes.push(note)
    },
    beat({ state }, _body: undefined, { missed }) {
      state.beats += 1 + missed
    },
  },
  messages: {
    remind: (ctx, { note, minutes }: { note: string; minutes: number }) =>
      ctx.timers.once(minutes * 60_000, 'remind', note).id,
    beat: (ctx, seconds: number) => ctx.timers.every(seconds * 1000, 'beat').id,
    forget: (ctx, id: number) => ctx.timers.cancel(id),
    state: ({ state }) => state,
  },
})
