import { expect, it } from 'vitest'
import { Journal } from './support/journal.ts'
import { actors, cast, live, wrong } from './support/parley.ts'
import { Hall } from './support/talkers.ts'

it('a host that is killed anywhere leaves both ends of each channel of one mind, when all has arrived', async () => {
  const journal = new Journal()
  let last: string[][]
  {
    await using hall = await Hall.open({ store: journal.store }, actors)
    await live(hall)
    expect(await wrong(hall)).toEqual([])
    last = await Promise.all(cast.map((id) => hall.heard(id)))
  }
  const failures: unknown[] = []
  for (let at = 1; at <= journal.length; at++) {
    const { store } = await journal.at(at)
    await using hall = await Hall.open({ store })
    await hall.idle()
    const found = await wrong(hall)
    // What was heard was said in the life that was, but for what crossed a close.
    for (const [i, id] of cast.entries()) {
      const heard = await hall.heard(id)
      const other = heard.filter((line) => !last[i]?.includes(line) && !/ close: | say 3$/.test(line))
      if (other.length > 0) found.push(`${id} heard ${other.join()}`)
    }
    if (found.length > 0) failures.push({ at, found })
  }
  expect(failures).toEqual([])
  expect(journal.length).toBeGreaterThan(40)
})
