import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from '@theater/actor/build'
import { memoryStore } from '@theater/event-chain'
import { process as programs } from '@theater/handler-process'
import { Theater } from '@theater/runtime'
import { expect, test } from 'vitest'
import { ask, builds, cache } from './support/actors.ts'
import { verdicts } from './support/family.ts'

const entry = join(import.meta.dirname, '../../../packages/actor/test/sources/words.ts')
const wc = ['/usr/bin/wc', '/bin/wc'].find((path) => existsSync(path)) ?? '/usr/bin/wc'

test('an actor in TypeScript runs a program of its grant and no other, and its record verifies without any', async () => {
  const { bytes } = await build({ entry, cache: builds })
  const store = memoryStore()
  {
    await using theater = await Theater.open({ store, handlers: [programs()], cache })
    const grant = (args: string[]) => ({
      process: { programs: { count: { path: wc, args: [{ begin: args }] } } },
    })
    await theater.spawn({ id: 'words', component: bytes, grants: grant(['-w']) })
    await theater.spawn({ id: 'lines', component: bytes, grants: grant(['-l']) })
    expect(await ask(theater, 'words', 'words', 'three words here')).toBe(3)
    // It does not catch what it was refused with.
    expect(await ask(theater, 'lines', 'words', 'three words here')).toEqual({ err: 'exception' })
    await expect(theater.spawn({ id: 'none', component: bytes })).rejects.toMatchObject({
      code: 'unmet-import',
    })
  }
  expect(await verdicts(store)).toEqual({ words: 'verified', lines: 'verified' })
})
