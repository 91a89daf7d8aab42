/** A run of actors that hold channels, publish and send beside them; and what must hold of what is left of it. */
import { wrongWith, type Hall } from './talkers.ts'

/** The actors that are of one mind. */
export const cast = ['a', 'b', 'c']

/** The actors of the run. */
export const actors = { a: {}, b: {}, c: {}, weak: { limits: { fuel: 1 } } }

/** Everything that is done with channels. */
export async function live(hall: Hall): Promise<void> {
  const first = await hall.open('a', 'b', 'open 1')
  const second = await hall.open('b', 'a', 'open 2')
  const third = await hall.open('c', 'b', 'open 3')
  await hall.idle()
  await Promise.all([hall.accept('b', first), hall.accept('a', second)])
  await hall.idle()
  await Promise.all([
    hall.say('a', first, 'say 1'),
    hall.say('b', first, 'say 1'),
    hall.say('a', first, 'say 2'),
    hall.send('a', 'b', 'beside'),
    hall.say('b', second, 'say 3'),
    hall.close('a', second),
  ])
  await hall.close('b', third, 'busy')
  // It traps over whatever it is asked.
  await hall.open('a', 'weak', 'open 4')
  await hall.open('c', 'a', 'open 5')
  const sixth = await hall.open('a', 'c', 'open 6')
  await hall.idle()
  await hall.accept('c', sixth)
  await hall.idle()
  await hall.theater.stop('c')
  await hall.idle()
  await hall.say('a', first, 'say 4')
  await hall.close('b', first)
  await hall.idle()
}

/** What is wrong when all that was under way has arrived. */
export async function wrong(hall: Hall): Promise<unknown[]> {
  const faults: unknown[] = await wrongWith(hall.store)
  const living = new Set(hall.theater.actors().flatMap(({ id, state }) => (state === 'idle' ? [id] : [])))
  const held = new Map<string, string[]>()
  for (const id of cast.filter((one) => living.has(one))) held.set(id, (await hall.channels(id)) as string[])
  for (const [id, channels] of held)
    for (const channel of channels) {
      const [one = '', other = ''] = channel.split('/')
      const peer = id === one ? other : one
      if (held.get(peer)?.includes(channel) !== true) faults.push(`${id} has ${channel}, and ${peer} has not`)
    }
  for (const id of cast) {
    const heard = (await hall.heard(id)).filter((line) => line.includes('message: '))
    const said = [...new Set(heard.map((line) => line.slice(0, line.lastIndexOf(':'))))]
    for (const from of said) {
      const own = heard.filter((line) => line.startsWith(from))
      if (own.join() !== [...new Set(own)].toSorted().join()) faults.push(`${id} heard ${own.join()}`)
    }
    const closes = (await hall.heard(id)).filter((line) => / close: /.test(line))
    if (closes.length > 5) faults.push(`${id} heard ${closes.join()}`)
  }
  return faults
}
