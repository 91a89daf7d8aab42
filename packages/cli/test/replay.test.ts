import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChainWriter, encodeContent, readEvents } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { describe, expect, it } from 'vitest'
import { endless } from './support/endless.ts'
import { copies, cutOff, ECHO, ended, folder, objects, said, start, theater } from './support/theater.ts'

/** A folder with the records of echo and of a command, and both in a.car. */
const withRecord = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'log', '"hi"'], { cwd })
  await theater(['call', 'echo', 'boom'], { cwd })
  await theater(['call', 'echo', 'divide', '7', '2'], { cwd })
  await theater(['run', 'hello.wasm', '--actor', 'cmd'], { cwd })
  await theater(['export', 'echo', 'cmd', '-o', 'a.car'], { cwd })
  return cwd
})

const KEYS = ['turn', 'fn', 'args', 'sender', 'time', 'outcome', 'code', 'result', 'calls', 'end']

describe('replay', () => {
  it('shows the turns of a record, and proves it', async () => {
    const cwd = await withRecord()
    const ran = await theater(['replay', 'echo', '--json'], { cwd })
    const lines = objects(ran)
    const turns = lines.slice(0, -1)
    expect(turns.map((turn) => Object.keys(turn))).toEqual(turns.map(() => KEYS))
    const [init, log, boom, divide] = turns
    expect(turns).toHaveLength(4)
    expect(init).toMatchObject({ turn: 2, fn: 'theater:actor/lifecycle@0.1.0#init', outcome: 'return' })
    expect(log).toMatchObject({ sender: 'host', outcome: 'return', calls: 1, result: { ok: {} } })
    expect(boom).toMatchObject({ fn: 'boom', outcome: 'trap', code: 'guest', result: null, calls: 0 })
    expect(divide).toMatchObject({ fn: 'divide', args: [7, 2], result: { ok: 3 } })
    const [verdict] = objects(await theater(['verify', 'echo', '--json'], { cwd }))
    expect(lines.at(-1)).toEqual({ ...verdict, next: null })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toBe('')
  })

  it('shows every event as it is recorded', async () => {
    const cwd = await withRecord()
    for (const actor of ['echo', 'cmd']) {
      const all = objects(await theater(['chain', actor, '--json'], { cwd }))
      const shown = objects(await theater(['replay', actor, '--events', '--json'], { cwd }))
      expect(shown.slice(0, -1)).toEqual(all)
      expect(shown.at(-1)).toMatchObject({ verdict: 'verified', head: all.at(-1).hash, next: null })
    }
    const people = await theater(['replay', 'echo', '--events'], { cwd })
    const chain = await theater(['chain', 'echo'], { cwd })
    expect(people.stdout.startsWith(chain.stdout)).toBe(true)
  })

  it('stops where it is told, and says what the component was about to do', async () => {
    const cwd = await withRecord()
    const all = objects(await theater(['chain', 'cmd', '--json'], { cwd }))
    for (const until of [1, 4, 5]) {
      const ran = await theater(['replay', 'cmd', '--events', '--until', `${until}`, '--json'], { cwd })
      const shown = objects(ran)
      expect(shown.slice(0, -1)).toEqual(all.slice(0, until + 1))
      const inTurn = until >= 2 && all[until + 1]?.turn === 2
      const { kind, fn, args } = all[until + 1] ?? {}
      const does = kind === 'call' ? { kind, fn, args } : { kind, result: 'ok' }
      expect(shown.at(-1)).toMatchObject({
        verdict: 'verified',
        events: until + 1,
        next: inTurn ? { turn: 2, fn: 'wasi:cli/run@0.2.3#run', actual: does } : null,
      })
      expect(ran.code).toBe(0)
    }
    const people = await theater(['replay', 'cmd', '--until', '4'], { cwd })
    expect(
      people.stdout
        .replaceAll(/[0-9a-f]{12}/g, '#')
        .replace(/ at \d+ fuel/, ' at # fuel')
        .trimEnd()
        .split('\n'),
    ).toEqual([
      '2  open      2 calls  host → wasi:cli/run@0.2.3#run()',
      '  3  #    call    wasi:cli/environment@0.2.3#get-arguments() → ["hello.wasm"]',
      '  4  #    call    wasi:cli/stdout@0.2.3#get-stdout() → "output-stream 1"',
      'stopped after event 4, in turn 2, which called wasi:cli/run@0.2.3#run, after 2 calls',
      '  it goes on with  call wasi:io/streams@0.2.3#[method]output-stream.blocking-write-and-flush("output-stream 1", "hello\\n") at # fuel',
      'cmd: verified, 5 events, head #',
    ])
    const between = await theater(['replay', 'cmd', '--until', '6'], { cwd })
    expect(between.stdout).toContain('stopped after event 6, between two turns\n')
    const none = await theater(['replay', 'cmd', '--until', '99'], { cwd })
    expect(none.stderr).toContain(`there is no event 99: cmd has the events 0 to ${all.length - 1}`)
    expect(none.code).toBe(2)
  })

  it('takes one record of a file', async () => {
    const cwd = await withRecord()
    const elsewhere = folder({ 'a.car': readFileSync(join(cwd, 'a.car')) })
    const ran = await theater(['replay', 'a.car', '--actor', 'cmd'], { cwd: elsewhere })
    expect(ran.stdout).toContain('cmd: verified')
    expect(ran.code).toBe(0)
    const both = await theater(['replay', 'a.car'], { cwd: elsewhere })
    expect(both.stderr).toContain('a.car has 2 records; name one with --actor: echo, cmd')
    expect(both.code).toBe(2)
    const near = await theater(['replay', 'a.car', '--actor', 'ecko'], { cwd: elsewhere })
    expect(near.stderr).toContain('Did you mean echo?')
    expect(near.code).toBe(2)
  })

  it('is 5 where the component does something else, with both side by side', async () => {
    const cwd = await withRecord()
    writeFileSync(join(cwd, 'forged.car'), await forge(cwd))
    const ran = await theater(['replay', 'forged.car', '--events'], { cwd })
    expect(ran.code).toBe(5)
    const lines = ran.stdout
      .replace(/ at \d+ fuel/, ' at # fuel')
      .trimEnd()
      .split('\n')
    const at = lines.length - 3
    expect(lines.slice(at)).toEqual([
      `echo: diverged at event ${at}: event ${at} is not what the component does`,
      '  the record says   return {"ok":4}',
      '  the component did return {"ok":3} at # fuel',
    ])
    // Nothing of what the component did not do again.
    expect(lines[at - 1]).toContain('divide(7, 2)')
    const [verdict] = objects(await theater(['replay', 'forged.car', '--json'], { cwd })).slice(-1)
    expect(verdict).toMatchObject({ verdict: 'diverged', at, actual: { result: { ok: 3 } } })
  })

  it('is 6 for a file in which a byte was changed, and runs what comes before', async () => {
    const cwd = await withRecord()
    const bytes = readFileSync(join(cwd, 'a.car'))
    const text = bytes.lastIndexOf('hello\n')
    writeFileSync(join(cwd, 'flipped.car'), bytes.with(text, 0x68 ^ 1))
    const args = ['--actor', 'cmd', '--component', 'hello.wasm', '--events', '--json']
    const ran = await theater(['replay', 'flipped.car', ...args], { cwd })
    const lines = objects(ran)
    expect(lines.at(-1)).toMatchObject({ verdict: 'broken', at: 5, levels: { structure: 'fail' } })
    expect(lines.slice(0, -1).map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4])
    expect(ran.code).toBe(6)
    const alone = await theater(['replay', 'flipped.car', '--actor', 'cmd', '--json'], { cwd })
    expect(objects(alone).at(-1)).toMatchObject({ verdict: 'broken', at: 5 })
    expect((await theater(['replay', './echo.wasm'], { cwd })).code).toBe(6)
  })

  it('is 7 where it cannot be told here', async () => {
    const cwd = await withRecord()
    const ran = await theater(['replay', 'echo', '--max-events', '3', '--json'], { cwd })
    expect(objects(ran)).toMatchObject([{ verdict: 'inconclusive', code: 'limits-above-mine' }])
    expect(ran.code).toBe(7)
    const given = await theater(['replay', 'echo', '--component', 'spine.wasm'], { cwd })
    expect(given.stdout).toContain('no-component')
    expect(given.code).toBe(7)
  })

  it('is 7, at the event after what was shown, where a component does not end', async () => {
    const cwd = folder({ 'endless.car': await endless() })
    const ran = await theater(['replay', 'endless.car', '--max-seconds', '2', '--json'], { cwd })
    expect(objects(ran)).toMatchObject([
      { turn: 2, outcome: 'return', end: 3 },
      { turn: 4, outcome: 'open', end: 4 },
      { actor: 'endless', verdict: 'inconclusive', code: 'limits-above-mine', at: 5, next: null },
    ])
    expect(ran.code).toBe(7)
    const people = await theater(['replay', 'endless.car', '--max-seconds', '2', '--events'], { cwd })
    expect(people.stdout).toMatch(
      /^4 +[0-9a-f]{12} +turn .*\n.*inconclusive from event 5 \(limits-above-mine\): its component did not/m,
    )
    // Where it is told to stop before, nothing loops.
    const stopped = await theater(['replay', 'endless.car', '--until', '3', '--json'], { cwd })
    expect(objects(stopped).at(-1)).toMatchObject({ verdict: 'verified', events: 4 })
  })

  it('shows a turn that is under way, as a crash left it', async () => {
    const cwd = folder()
    await theater(['run', 'hello.wasm'], { cwd })
    cutOff(join(cwd, '.theater/theater.db'), 'return')
    const running = await theater(['replay', 'hello', '--json'], { cwd })
    expect(objects(running)).toMatchObject([
      { fn: 'wasi:cli/run@0.2.3#run', outcome: 'open', result: null, calls: 3, end: 5 },
      { verdict: 'verified', events: 6, next: null },
    ])
    const left = await theater(['replay', 'hello'], { cwd })
    expect(left.stdout).toContain('the record ends within a turn')
    expect(left.code).toBe(0)
  })

  it('reads beside the process that runs the actor', async () => {
    const cwd = folder()
    const child = start(['run', 'hello.wasm', '--stdio', 'copy'], { cwd })
    child.stdin?.write('one ')
    await said(child)
    const ran = await theater(['replay', 'hello', '--json'], { cwd })
    expect(objects(ran).at(-1)).toMatchObject({ actor: 'hello', verdict: 'verified' })
    expect((await ended(child)).code).toBe(0)
  })

  it('writes nothing, and ends when nobody reads', async () => {
    const cwd = await withRecord()
    const before = readFileSync(join(cwd, '.theater/theater.db'))
    const child = start(['replay', 'echo', '--events'], { cwd })
    child.stdout?.destroy()
    const { code, stderr } = await ended(child)
    expect([code, stderr]).toEqual([0, ''])
    expect(readFileSync(join(cwd, '.theater/theater.db'))).toEqual(before)
  })
})

/** The record of echo in a CAR file, of which the last return says something else. */
async function forge(cwd: string): Promise<Uint8Array> {
  const data = join(cwd, '.theater/theater.db')
  const copy = join(cwd, 'copy.db')
  copyFileSync(data, copy)
  await using from = sqliteStore(data, { readOnly: true })
  await using store = sqliteStore(copy)
  const { chain, size } = (await from.find('echo')) ?? { chain: new Uint8Array(), size: 0 }
  let writer: ChainWriter | undefined
  for await (const { kind, seq, contentBytes } of readEvents(from, chain)) {
    const bytes = contentBytes ?? new Uint8Array()
    if (writer === undefined) {
      const label = 'forged'
      writer = ChainWriter.create({ store, salts: saltPool(), hash: sha256, label, genesis: bytes })
      continue
    }
    if (kind === 'return' && seq >= size - 2) {
      // result<s32, string>: ok(4)
      const result = Uint8Array.of(0x81, 0x82, 0, 4)
      writer.append(kind, encodeContent('return', { result, fuel: null }))
    } else if (kind !== 'resume') writer.append(kind, bytes)
  }
  await writer?.flush()
  const parts = await Array.fromAsync(exportCar(store, [writer?.chain ?? chain]))
  return Buffer.concat(parts)
}
