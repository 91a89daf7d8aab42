import { loadComponent } from '@theater/component'
import type { TheaterEvent } from '@theater/boundary'
import { describe, expect, it } from 'vitest'
import { guestOf } from '../src/guest.ts'
import { holds, matrix, transpilerInThread } from '../src/matrix.ts'
import type { Line } from '../src/matrix.ts'
import { rerun, startRecording } from '../src/record.ts'
import { NESTINGS, TYPES } from '../src/table.ts'

describe('the matrix of types', () => {
  it('holds: every type, direction and nesting is recorded and comes back', async () => {
    const lines: Line[] = []
    for await (const line of matrix({ random: 2, seed: 7, deadline: Infinity })) lines.push(line)
    expect(lines.filter((line) => !holds(line))).toEqual([])
    const names = new Set(lines.map(({ type, nesting }) => `${type} ${nesting}`))
    for (const { name } of TYPES)
      for (const nesting of Object.keys(NESTINGS)) expect(names).toContain(`${name} ${nesting}`)
    expect(lines.filter(({ refused }) => refused).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['stream<u8>', 'future<u8>', 'error-context', 'map<string, u8>', 'list<u8, 4>']),
    )
  })

  it('has no lines that hold for what there was no time for', async () => {
    const lines: Line[] = []
    for await (const line of matrix({ random: 0, seed: 1, deadline: 0, only: 'tuple<u8>' })) lines.push(line)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter(holds)).toEqual([])
  })

  it('notices a record that says something else, in each direction', async () => {
    const type = { kind: 'u8' } as const
    const component = await loadComponent(await guestOf({ plain: type }), {
      transpiler: await transpilerInThread(),
    })
    const fn = 'test:matrix/host#f-plain'
    const recording = await startRecording(
      component,
      { mode: 'sync' },
      { [fn]: { mode: 'sync', effect: 'read' } },
      { imports: { 'test:matrix/host': { fPlain: () => 5 } } },
    )
    await recording.turn('test:matrix/guest#f-plain', [3])
    const events = await recording.events()
    expect(await rerun(component, events)).toEqual([5])
    const instead = (kind: TheaterEvent['kind'], change: (content: never) => object): TheaterEvent[] =>
      events.map((event) =>
        event.kind === kind
          ? ({ ...event, content: { ...event.content, ...change(event.content as never) } } as TheaterEvent)
          : event,
      )
    const nine = new Uint8Array([0x81, 9])
    // The argument is an input, what the guest did with it is not: the call is where they part.
    await expect(
      rerun(
        component,
        instead('turn', () => ({ args: nine })),
      ),
    ).rejects.toThrow('diverged at 3')
    await expect(
      rerun(
        component,
        instead('call', () => ({ args: nine })),
      ),
    ).rejects.toThrow('diverged at 3')
    await expect(
      rerun(
        component,
        instead('call', ({ outcome }: { outcome: object }) => ({ outcome: { ...outcome, result: nine } })),
      ),
    ).rejects.toThrow('diverged at 4')
    await expect(
      rerun(
        component,
        instead('return', () => ({ result: nine })),
      ),
    ).rejects.toThrow('diverged at 4')
  })
})
