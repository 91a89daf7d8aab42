import { expect, test } from 'vitest'
import { ChainWriter, encodeContent, memoryStore } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite.ts'
import { countingSalts, genesis, seed, values } from './helpers.ts'

test('smoke', async () => {
  for (const store of [memoryStore(), sqliteStore(':memory:')]) {
    const w = ChainWriter.create({
      store,
      salts: countingSalts(),
      label: 'a',
      genesis: encodeContent('genesis', genesis()),
    })
    w.append('seed', encodeContent('seed', seed))
    await w.flush()
    w.append(
      'turn',
      encodeContent('turn', {
        fn: 'run',
        args: values('x'.repeat(40000)),
        sender: null,
        cause: null,
        time: 5,
        made: [],
      }),
    )
    await w.flush()
    const info = await store.find('a')
    expect(info?.size).toBe(3)
    expect(info?.head).toEqual(w.head)
    const all = []
    for await (const e of store.read(w.chain)) all.push(e)
    expect(all.length).toBe(3)
  }
})
