import type { LoggedStore } from '../../src/index.ts'

/** A store that shows another event in one place to whoever grows its tree. */
export function lying(store: LoggedStore, at: number): LoggedStore {
  const read: LoggedStore['read'] = async function* (id, from = 0, to) {
    let seq = from
    for await (const event of store.read(id, from, to))
      yield seq++ === at ? { ...event, header: event.header.with(-1 + event.header.length, 9) } : event
  }
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = name === 'read' ? read : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
