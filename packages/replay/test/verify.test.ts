import { verify } from '@theater/replay/node'
import { describe, expect, it } from 'vitest'
import { load, record } from './support/record.ts'
import { spine } from './support/spine.ts'

describe('verify', () => {
  it('confirms a chain by running it again', async () => {
    const { store, chain } = await record(
      spine([{ fn: 'run', args: [3] }, { fn: 'run', args: [2] }, { fn: 'boom' }]),
    )
    const verdict = await verify({ store, chain }, { load })
    expect(verdict).toMatchObject({
      verdict: 'verified',
      actor: 'test',
      turns: 2,
      undone: 1,
      finished: true,
      size: 21,
    })
  })
})
