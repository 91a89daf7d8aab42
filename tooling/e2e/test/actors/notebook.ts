import { defineActor, t } from '@theater/actor'
import type { BlobUpload } from '@theater/actor'

/** A text in the making, from one message to the next. */
let upload: BlobUpload | undefined

/** Keeps texts in the store under labels, and says so on the console: for tests. Built when the tests run. */
export default defineActor({
  uses: ['log', 'store'],
  state: { written: 0 },
  accepts: {
    writeLong: t.object({ name: t.string(), lines: t.integer() }),
    readLong: t.object({ name: t.string() }),
    add: t.object({ text: t.string() }),
    write: t.object({ name: t.string(), text: t.string() }),
    read: t.object({ name: t.string() }),
  },
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
    async writeLong({ store }, { name, lines }: { name: string; lines: number }) {
      async function* text(): AsyncGenerator<string> {
        for (let line = 0; line < lines; line++) yield `line ${line} ${'x'.repeat(100)}\n`
      }
      const hash = await store.putStream(text())
      store.setLabel(name, hash)
      return hash
    },
    async readLong({ store }, { name }: { name: string }) {
      const hash = store.getLabel(name)
      const text = hash === null ? '' : await new Response(store.getStream(hash)).text()
      return { lines: text.split('\n').length - 1, end: text.slice(-20) }
    },
    add({ store }, { text }: { text: string }) {
      upload ??= store.upload()
      upload.write(text)
      return upload.size
    },
    done() {
      const hash = upload?.finish() ?? null
      upload?.[Symbol.dispose]()
      upload = undefined
      return hash
    },
    chance: () => ({ time: Date.now(), draw: Math.random() }),
  },
})
