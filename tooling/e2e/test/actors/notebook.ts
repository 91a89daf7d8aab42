import { defineActor, t } from '@theater/actor'

/** Keeps texts in the store under labels, and says so on the console: for tests. Built when the tests run. */
export default defineActor({
  uses: ['log', 'store'],
  state: { written: 0 },
  accepts: { write: t.object({ name: t.string(), text: t.string() }), read: t.object({ name: t.string() }) },
  messages: {
    write({ state, store }, { name, text }) {
      store.setLabel(name, store.put(text))
      state.written += 1
      console.log('wrote', name, { length: text.length })
      return state.written
    },
    read({ store }, { name }) {
      const hash = store.getLabel(name)
      if (hash !== null) return store.getText(hash)
      console.error(`there is no ${name}`)
      return null
    },
    list: ({ store }) => store.list(),
    chance: () => ({ time: Date.now(), draw: Math.random() }),
  },
})
