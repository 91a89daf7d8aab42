import { describe, expect, it } from 'vitest'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

/** A folder with a record of an actor and one of a command. */
const withRecord = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'log', '"hi"'], { cwd })
  await theater(['call', 'echo', 'boom'], { cwd })
  await theater(['run', 'hello.wasm', '--', 'say'], { cwd })
  return cwd
})

describe('ps and chain', () => {
  it('print what the record says', async () => {
    const cwd = await withRecord()
    const rows = objects(await theater(['ps', '--json'], { cwd }))
    expect(rows.map((row) => Object.keys(row))).toEqual(
      rows.map(() => ['actor', 'parent', 'component', 'state', 'events', 'head', 'failure', 'memory']),
    )
    expect(rows).toMatchObject([
      { actor: 'echo', component: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), state: 'idle' },
      { actor: 'hello', state: 'stopped' },
    ])
    const events = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i))
    expect(events.map(({ prev }) => prev)).toEqual([null, ...events.map(({ hash }) => hash).slice(0, -1)])
    expect(events.at(-1)?.hash).toBe(rows[0].head)
    for (const event of events) {
      expect(Object.keys(event).slice(0, 10)).toEqual([
        'seq',
        'kind',
        'turn',
        'fn',
        'args',
        'result',
        'ask',
        'fuel',
        'hash',
        'prev',
      ])
    }
    const turn = events.findIndex(({ fn }) => fn === 'theater:messaging/responder@0.1.0#handle-request')
    const log = { type: 'log', body: 'hi' }
    expect(events.slice(turn, turn + 3)).toMatchObject([
      {
        kind: 'turn',
        turn,
        args: ['host', { format: 'application/json', body: { utf8: JSON.stringify(log) } }],
      },
      {
        kind: 'call',
        turn,
        fn: 'theater:actor/log@0.1.0#log',
        args: ['info', JSON.stringify(log), []],
        result: null,
      },
      { kind: 'return', turn, fn: events[turn].fn, result: { ok: { format: 'application/json' } } },
    ])
    const trap = events.findIndex(({ kind }) => kind === 'trap')
    expect(events[trap - 1]).toMatchObject({ kind: 'turn', fn: 'boom', args: [] })
    expect(events[trap]).toMatchObject({ fn: 'boom', turn: trap - 1, detail: { code: 'guest' } })
    expect(events[1]).toMatchObject({ kind: 'seed', args: null, result: null })
    expect(JSON.stringify(events[1])).not.toContain('base64')
  })

  it('print a range that says the same as the whole', async () => {
    const cwd = await withRecord()
    const all = objects(await theater(['chain', 'echo', '--json'], { cwd }))
    for (const [from, to] of [
      [0, 0],
      [3, 6],
      [6, 6],
      [all.length - 1, 999],
    ] as const) {
      const some = objects(
        await theater(['chain', 'echo', '--json', '--from', `${from}`, '--to', `${to}`], { cwd }),
      )
      expect(some).toEqual(all.slice(from, to + 1))
    }
    const none = await theater(['chain', 'echo', '--from', '99'], { cwd })
    expect(none.stderr).toContain(`echo has the events 0 to ${all.length - 1}`)
    expect(none.code).toBe(2)
    expect((await theater(['chain', 'eco'], { cwd })).stderr).toContain('Did you mean echo?')
  })

  it('print lines for people', async () => {
    const cwd = await withRecord()
    const { stdout } = await theater(['chain', 'hello'], { cwd })
    expect(
      stdout
        .replaceAll(/[0-9a-f]{12}/g, '#')
        .trimEnd()
        .split('\n'),
    ).toEqual([
      '0  #  genesis   hello of sha256:#, granted cli',
      '1  #  seed',
      '2  #  turn      host → wasi:cli/run@0.2.3#run()',
      '3  #    call    wasi:cli/environment@0.2.3#get-arguments() → ["hello.wasm","say"]',
      '4  #    call    wasi:cli/stdout@0.2.3#get-stdout() → "output-stream 1"',
      '5  #    call    wasi:io/streams@0.2.3#[method]output-stream.blocking-write-and-flush("output-stream 1", "hello\\n") → "ok"',
      '6  #    return  "ok"',
      '7  #  stop      ended',
    ])
  })
})
