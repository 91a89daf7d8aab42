import { defineActor } from '@theater/actor'

/** Three crossings in one message: three lines of log. */
export default defineActor({
  uses: ['log'],
  state: { count: 0 },
  messages: {
    call({ state, log }, { by }: { by: number }) {
      state.count += by
      log.info('got')
      log.info('put')
      log.info('note')
      return state.count
    },
  },
})
