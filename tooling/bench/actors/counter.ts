import { defineActor } from '@theater/actor'

/** A counter that is asked over HTTP: its count is the state of the actor. */
export default defineActor({
  state: { count: 0 },
  fetch({ state }) {
    state.count += 1
    return new Response(String(state.count))
  },
})
