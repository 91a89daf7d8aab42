import { defineActor, Failure } from '@theater/actor'

export default defineActor({
  uses: ['websocket'],
  state: { names: {} as Record<string, string> },
  websocket: {
    // A client asks: accepted when this returns, refused when it throws a Failure.
    open({ state }, socket, { path }) {
      const name = new URLSearchParams(path.split('?')[1]).get('name')
      if (name === null) throw new Failure('400', 'say who you are')
      state.names[socket.id] = name
      socket.send('welcome')
    },
    message(ctx, socket, data) {
      if (typeof data !== 'string') {
        delete ctx.state.names[socket.id]
        return socket.close(1003, 'text only')
      }
      for (const one of ctx.sockets()) one.send(`${ctx.state.names[socket.id]}: ${data}`)
    },
    close({ state }, socket) {
      delete state.names[socket.id]
    },
  },
  messages: {
    names: ({ state }) => Object.values(state.names),
  },
})
