import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cGuest } from '@theater/guests'
import { relayed, relayGuest } from '@theater/guests/relay'
import { assemble } from '@theater/guests/wat'
import type { Channel } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { add, ask, get, mark, once, send, trap } from './support/courier.ts'
import { digest } from './support/family.ts'
import { text } from './support/talkers.ts'
import { Cast, looper, unresponsive } from './support/thread-cast.ts'
import { DIES, HANGS, HANGS_LATER } from './support/thread-couriers.ts'

const loops = await assemble(looper())
const loopsAtStart = await assemble(looper('(start $spin)'))

describe('a thread that a guest keeps', () => {
  it('is ended and the turn aborted; the others go on where they were', async () => {
    await using cast = await Cast.open()
    await cast.courier('innocent', 'busy', 'friend')
    await cast.looper('looper', loops)
    expect(await cast.run('innocent', [add(5)])).toEqual([])
    expect(await cast.call('looper', 'add', 3)).toBe(3)
    // A turn that waits for the world, one that waits for an actor, a message that waits in a mailbox.
    const busy = cast.run('busy', [mark(2), add(10), get])
    await cast.reached(2)
    const underWay = cast.run('innocent', [send('busy', [add(7)]), mark(1), add(1), get])
    const asking = cast.run('friend', [...ask('busy', [get], 200_000), add(2), get])
    await cast.reached(1)
    await expect(cast.call('looper', 'spin')).rejects.toMatchObject(unresponsive('looper'))
    expect(cast.restarts).toContainEqual({ how: 'hung', actor: 'looper', error: undefined })
    expect(cast.named).toEqual(['looper'])
    cast.openGate(1)
    cast.openGate(2)
    expect(await busy).toEqual([2, 10])
    expect(await underWay).toEqual(['sent', 1, 6])
    await cast.thread.idle()
    expect(await asking).toEqual([[17], 2])
    expect(await cast.run('busy', [get])).toEqual([17])
    // As after a trap: without the turn that was aborted.
    expect(await cast.call('looper', 'add', 2)).toBe(5)
    expect(cast.did.toSorted()).toEqual(['busy marks 2', 'innocent marks 1'])
    expect(await cast.verdicts()).toEqual({
      innocent: 'verified',
      busy: 'verified',
      friend: 'verified',
      looper: 'verified',
    })
  })

  it('takes each call once, in its order: those that had begun, and those that had not', async () => {
    await using cast = await Cast.open()
    await cast.courier('innocent')
    await cast.looper('looper', loops)
    const first = cast.run('innocent', [mark(1), add(1), get])
    const waiting = [10, 100, 1000].map((n) => cast.run('innocent', [add(n), get]))
    await cast.reached(1)
    const hung = cast.call('looper', 'spin')
    // Asked of a thread that does not listen any more.
    const late = cast.run('innocent', [add(10_000), get])
    await expect(hung).rejects.toMatchObject(unresponsive('looper'))
    cast.openGate(1)
    expect(await Promise.all([first, ...waiting, late])).toEqual([[1, 1], [11], [111], [1111], [11_111]])
    expect(await cast.verdicts()).toEqual({ innocent: 'verified', looper: 'verified' })
  })

  it('names the one who does not give it back, of many who go on together', async () => {
    await using cast = await Cast.open()
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const id of [...ids, 'z']) await cast.looper(id, loops)
    await cast.courier('courier')
    const naps = ids.slice(0, 3).map((id) => cast.call(id, 'nap', 1))
    const spins = cast.call('z', 'nap-and-spin', 1)
    naps.push(...ids.slice(3).map((id) => cast.call(id, 'nap', 1)))
    const marks = cast.run('courier', [mark(1)])
    await cast.reached(1, 8)
    cast.openGate(1)
    await expect(spins).rejects.toMatchObject(unresponsive('z'))
    expect(cast.named).toEqual(['z'])
    expect(await Promise.all(naps)).toEqual([0, 0, 0, 0, 0, 0])
    expect(await marks).toEqual([1])
    const all = Object.fromEntries([...ids, 'courier', 'z'].map((id) => [id, 'verified']))
    expect(await cast.verdicts()).toEqual(all)
  })

  it('keeps what actors hold: files that are open, and what they stored', async () => {
    await using cast = await Cast.open()
    const { thread, folder } = cast
    writeFileSync(join(folder, 'text'), 'one two three')
    await thread.spawn({
      id: 'keeper',
      component: cGuest('keeper'),
      grants: { cli: {}, fs: { mounts: { '/data': { host: folder, rights: 'rw' } } } },
    })
    await thread.spawn({
      id: 'shop',
      component: relayGuest('store'),
      grants: { store: { rights: ['read', 'write'] } },
    })
    await cast.looper('looper', loops)
    const file = (await cast.call('keeper', 'open', '/data/text', 'r+')) as { readonly val: number }
    const bytes = new TextEncoder().encode('kept')
    const put = (await cast.call('shop', relayed('theater:store/blobs@0.1#put'), bytes)) as {
      readonly val: Uint8Array
    }
    await expect(cast.call('looper', 'spin')).rejects.toMatchObject(unresponsive('looper'))
    expect(await cast.call('keeper', 'read-at', file.val, 3, 4n)).toEqual({ tag: 'ok', val: 'two' })
    expect(await cast.call('shop', relayed('theater:store/blobs@0.1#get'), put.val, 0n, 9n)).toEqual({
      tag: 'ok',
      val: bytes,
    })
    expect(await cast.verdicts()).toEqual({ keeper: 'verified', shop: 'verified', looper: 'verified' })
  })

  it('does not come back from a guest that keeps it while it is instantiated, or a child that does', async () => {
    await using cast = await Cast.open()
    const { thread } = cast
    await cast.courier('innocent')
    await cast.run('innocent', [add(4)])
    await expect(cast.looper('looper', loopsAtStart)).rejects.toMatchObject({
      code: 'failed-to-start',
      actor: 'looper',
      detail: 'unresponsive',
    })
    // Its name is free.
    await cast.looper('looper', loops)
    expect(await cast.call('looper', 'add', 1)).toBe(1)
    await thread.addComponent(loopsAtStart)
    await thread.spawn({
      id: 'parent',
      component: relayGuest('parent'),
      grants: {
        supervisor: { components: [`loops=${digest(loopsAtStart)}`] },
        messaging: { to: ['*'] },
        cli: {},
        naps: {},
      },
      limits: { fuel: 1e12, startFuel: 1e12 },
    })
    const spawn = relayed('theater:supervisor/children@0.1#spawn')
    const nothing = { format: 'text/plain', body: new Uint8Array() }
    const wants = [Buffer.from(digest(loopsAtStart).slice(7), 'hex'), nothing, '{"naps":{}}', {}]
    // Its parent's turn goes on where it was, and hears of it.
    expect(await cast.call('parent', spawn, ...wants)).toEqual({ tag: 'err', val: { tag: 'trapped' } })
    expect(cast.named).toEqual(['looper', expect.stringMatching(/^parent\.child-\d+$/)])
    expect(await cast.run('innocent', [get])).toEqual([4])
    expect(await cast.verdicts()).toMatchObject({
      innocent: 'verified',
      looper: 'verified',
      'looper~1': 'verified',
      parent: 'verified',
    })
  })

  it('does not bring back an actor that keeps it again and again', async () => {
    await using cast = await Cast.open()
    await cast.courier('innocent')
    await cast.looper('looper', loops)
    await cast.run('innocent', [add(4)])
    for (let n = 0; n < 3; n++)
      await expect(cast.call('looper', 'spin')).rejects.toMatchObject(unresponsive('looper'))
    await expect(cast.call('looper', 'add', 1)).rejects.toMatchObject({
      code: 'unresponsive',
      actor: 'looper',
    })
    const [, info] = await cast.thread.actors()
    expect(info).toMatchObject({ id: 'looper', state: 'failed', failure: { code: 'unresponsive' } })
    expect(await cast.run('innocent', [get])).toEqual([4])
    expect(await cast.verdicts()).toEqual({ innocent: 'verified', looper: 'verified' })
  })

  it('does not bring back an actor whose record takes longer to re-run than the thread may', async () => {
    await using fast = await Cast.open()
    await fast.courier('innocent')
    await fast.looper('looper', loops)
    await fast.run('innocent', [add(4)])
    await fast.call('looper', 'burn', 5n)
    // From here on the engine does not come to the end of that.
    fast.strike(Infinity)
    const cast = await fast.again()
    await expect(cast.call('looper', 'add', 1)).rejects.toMatchObject({
      code: 'unresponsive',
      actor: 'looper',
    })
    expect(cast.named).toEqual(['looper', 'looper'])
    expect(await cast.run('innocent', [get])).toEqual([4])
    // Another host, whose engine does, has it as it was.
    cast.strike(0)
    const third = await cast.again()
    expect(await third.call('looper', 'add', 1)).toBe(1)
    expect(await third.verdicts()).toEqual({ innocent: 'verified', looper: 'verified' })
  })

  it('is not started again for ever', async () => {
    await using cast = await Cast.open({ restarts: 1, answerMs: 3000 })
    await cast.courier('innocent')
    await cast.looper('looper', loops)
    await cast.looper('other', loops)
    await cast.run('innocent', [add(4)])
    const waiting = cast.run('innocent', [mark(1)])
    waiting.catch(() => undefined)
    await cast.reached(1)
    await Promise.allSettled([cast.call('looper', 'spin'), cast.call('other', 'spin')])
    await expect(waiting).rejects.toMatchObject({ code: 'unresponsive' })
    await expect(cast.thread.actors()).rejects.toMatchObject({ code: 'unresponsive' })
    // Nothing is lost: the store has it all.
    const other = await cast.again()
    other.openGate(1)
    await other.thread.idle()
    expect(await other.run('innocent', [get])).toEqual([4])
    const all = { innocent: 'verified', looper: 'verified', other: 'verified' }
    expect(await other.verdicts()).toEqual(all)
  })

  it('is a theater as any other: topics, dead letters, names and what is not there', async () => {
    await using cast = await Cast.open()
    const { thread } = cast
    const heard: string[] = []
    using _ = thread.subscribe('news', ({ from, message }) =>
      heard.push(`${from} ${Buffer.from(message.body).toString()}`),
    )
    await cast.courier('sender', 'receiver')
    await cast.looper('looper', loops)
    const component = relayGuest('messaging')
    const grants = { messaging: { to: ['*'], publish: ['*'], subscribe: ['*'] } }
    await thread.spawn({ id: 'talker', component, grants })
    const topics = 'theater:messaging/topics@0.1'
    await cast.call('talker', relayed(`${topics}#subscribe`), 'news')
    await cast.run('sender', [send('receiver', [trap])])
    await thread.idle()
    await expect(cast.call('looper', 'spin')).rejects.toMatchObject(unresponsive('looper'))
    // The new thread knows who is subscribed, and who listens here.
    expect(await thread.publish('news', text('one'))).toEqual([{ to: 'talker', error: undefined }])
    await cast.call('talker', relayed(`${topics}#publish`), 'news', text('two'))
    await thread.idle()
    expect(heard).toEqual(['null one', 'talker two'])
    await expect(thread.publish('No topic', text(''))).rejects.toMatchObject({ code: 'bad-arguments' })
    const [letter, ...rest] = await thread.deadLetters()
    expect(rest).toEqual([])
    expect(letter).toMatchObject({ from: 'sender', to: 'receiver', reason: 'trapped' })
    await expect(thread.retry(letter?.id ?? '')).rejects.toMatchObject({ code: 'trapped' })
    const [again] = await thread.deadLetters()
    await thread.drop(again?.id ?? '')
    expect(await thread.deadLetters()).toEqual([])
    await expect(thread.drop('a@1@b')).rejects.toMatchObject({ code: 'unknown-letter' })
    expect(await thread.exported('looper', 'add')).toMatchObject({ name: 'add' })
    expect(await thread.exported('looper', 'nothing')).toBeUndefined()
    await expect(cast.call('nobody', 'add', 1)).rejects.toMatchObject({ code: 'unknown-actor' })
    await expect(cast.call('looper', 'add', () => 1)).rejects.toMatchObject({ code: 'bad-arguments' })
    await expect(cast.looper('looper', loops)).rejects.toMatchObject({ code: 'exists' })
    await thread.stop('looper')
    await expect(thread.stop('looper')).rejects.toMatchObject({ code: 'stopped' })
    await thread.release('looper')
    expect((await thread.actors()).map(({ id, state }) => `${id} ${state}`)).toEqual([
      'looper stopped',
      'receiver idle',
      'sender idle',
      'talker idle',
    ])
    await thread.close()
    await expect(thread.actors()).rejects.toMatchObject({ code: 'closed' })
    expect(() => thread.subscribe('news', () => undefined)).toThrow('closed')
  })

  it('has the channels of the program, which end with it', async () => {
    // It dies at once, so that no slow machine has it ended before.
    await using cast = await Cast.open({ answerMs: 200_000 })
    const { thread } = cast
    await cast.courier('courier')
    const component = relayGuest('messaging')
    await thread.spawn({ id: 'talker', component, grants: { messaging: { to: ['@desk'] } } })
    const call = (fn: string, ...args: unknown[]): Promise<unknown> =>
      cast.call('talker', relayed(`theater:messaging/channels@0.1#${fn}`), ...args)
    const came: Channel[] = []
    using _ = thread.acceptChannels('@desk', (asked) => void came.push(asked.accept()))
    const opening = thread.openChannel('talker', text('may I?'))
    await thread.idle()
    const [name] = (await call('list')) as readonly string[]
    await call('accept', name)
    const channel = await opening
    await call('open', '@desk', text('may I?'))
    await thread.idle()
    const [other] = came
    await channel.send(text('one'))
    await call('send', other?.name, text('two'))
    expect(Buffer.from((await other!.receive())!.body).toString()).toBe('two')
    cast.strike(1)
    await cast.run('courier', [mark(DIES)])
    // The turn may have been answered before the thread was gone.
    await cast.restarted()
    expect(cast.restarts).toMatchObject([{ how: 'died' }])
    expect(await channel.closed).toEqual({ tag: 'stopped' })
    expect(await other!.closed).toEqual({ tag: 'stopped' })
    await expect(channel.send(text('late'))).rejects.toMatchObject({ code: 'not-open' })
    await thread.idle()
    expect(await call('list')).toEqual([])
    // Whoever takes them takes them in the new thread too.
    await call('open', '@desk', text('may I?'))
    await thread.idle()
    expect(came).toHaveLength(2)
    await came[1]!.close()
    expect(await cast.verdicts()).toEqual({ courier: 'verified', talker: 'verified' })
    await expect(thread.openChannel('talker', text(''))).rejects.toMatchObject({ code: 'closed' })
    expect(() => thread.acceptChannels('@more', () => undefined)).toThrow('closed')
  })

  it('is ended by close', async () => {
    await using cast = await Cast.open()
    await cast.looper('looper', loops)
    const hung = cast.call('looper', 'spin')
    hung.catch(() => undefined)
    await cast.thread.close()
    await expect(hung).rejects.toMatchObject({ code: 'closed' })
    const other = await cast.again()
    // What was under way goes on, as after a crash, and is ended there.
    expect(await other.call('looper', 'add', 1)).toBe(1)
    expect(other.named).toEqual(['looper'])
    expect(await other.verdicts()).toEqual({ looper: 'verified' })
  })
})

describe('a thread that its host keeps', () => {
  it('is ended where a handler does, in the turn of an actor', async () => {
    await using cast = await Cast.open()
    await cast.courier('innocent', 'unlucky')
    await cast.run('unlucky', [add(1)])
    const waiting = cast.run('innocent', [once(1), add(3), get])
    await cast.reached(1)
    cast.strike(1)
    await expect(cast.run('unlucky', [add(5), mark(HANGS)])).rejects.toMatchObject(unresponsive('unlucky'))
    cast.openGate(1)
    // An effect that was under way may have happened, or not: nobody knows, and it is said.
    expect(await waiting).toEqual(['outcome-unknown', 3])
    expect(await cast.run('unlucky', [mark(HANGS), get])).toEqual([HANGS, 1])
    expect(await cast.verdicts()).toEqual({ innocent: 'verified', unlucky: 'verified' })
  })

  it('is ended where nobody can be named, and everybody comes back', async () => {
    await using cast = await Cast.open()
    await cast.courier('one', 'other')
    const waiting = cast.run('other', [mark(1), add(2), get])
    await cast.reached(1)
    cast.strike(1)
    const unlucky = cast.run('one', [mark(HANGS_LATER), add(1), get])
    await cast.reached(1, 2)
    cast.openGate(1)
    expect(await waiting).toEqual([1, 2])
    expect(await unlucky).toEqual([HANGS_LATER, 1])
    expect(cast.restarts).toContainEqual({ how: 'hung', actor: undefined, error: undefined })
    expect(cast.named).toEqual([])
    expect(await cast.verdicts()).toEqual({ one: 'verified', other: 'verified' })
  })

  it('comes back where it died', async () => {
    await using cast = await Cast.open()
    await cast.courier('one', 'other')
    const waiting = cast.run('other', [mark(1), add(2), get])
    await cast.reached(1)
    cast.strike(1)
    const unlucky = cast.run('one', [mark(DIES), add(1), get])
    await cast.reached(1, 2)
    cast.openGate(1)
    expect(await waiting).toEqual([1, 2])
    expect(await unlucky).toEqual([DIES, 1])
    const died = expect.objectContaining({ how: 'died', error: new Error('nobody catches this') })
    expect(cast.restarts).toContainEqual(died)
    expect(await cast.verdicts()).toEqual({ one: 'verified', other: 'verified' })
  })

  it('is refused where its module does not do', async () => {
    await expect(
      Cast.open({ module: new URL('data:text/javascript,export default 1') }),
    ).rejects.toMatchObject({
      code: 'bad-arguments',
    })
    const broken = new URL('data:text/javascript,export default () => { throw new Error("no") }')
    await expect(Cast.open({ module: broken })).rejects.toThrow('no')
    const hangs = new URL('data:text/javascript,export default () => { for (;;); }')
    await expect(Cast.open({ module: hangs, answerMs: 500, restarts: 1 })).rejects.toMatchObject({
      code: 'unresponsive',
    })
    await expect(Cast.open({ answerMs: 0 })).rejects.toMatchObject({ code: 'bad-limit' })
  })
})
