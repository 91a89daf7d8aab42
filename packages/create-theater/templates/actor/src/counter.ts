import { defineActor, Failure, t } from '@theater/actor'

export default defineActor({
  uses: ['log'],
  state: { count: 0 },
  accepts: { add: t.object({ by: t.integer() }) },
  messages: {
    add({ state, log }, { by }) {
      if (by < 0) throw new Failure('negative', 'this counter only counts up')
      state.count += by
      log.info('added', { by, count: state.count })
      return state.count
    },
    get: ({ state }) => state.count,
  },
})
