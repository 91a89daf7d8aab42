import { defineActor } from '@theater/actor'

export default defineActor({
  state: { names: [] as string[] },
  messages: {
    finding: ({ state }, { name }: { name: string }) => void state.names.push(name),
    summary: ({ state }) => ({ count: state.names.length }),
  },
})
