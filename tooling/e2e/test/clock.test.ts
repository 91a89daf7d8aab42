import { readFileSync } from 'node:fs'
import { cGuest } from '@theater/guests'
import { clocks } from '@theater/handler-clocks'
import { fs } from '@theater/handler-fs'
import { random } from '@theater/handler-random'
import { expect, it } from 'vitest'
import { runCommand } from './support/files.ts'

const clock = cGuest('clock')
const expected = readFileSync(new URL('transcripts/clock.txt', import.meta.url), 'utf8').trimEnd()
const cli = { args: ['clock'], stdin: { text: 'a few words' } }
const live = { live: true } as const

it.each([
  ['derived', {}],
  ['of live clocks', { clocks: live }],
  ['of live randomness', { random: live }],
  ['of both', { clocks: live, random: live }],
])('what libc does with time and chance holds, %s, and so does its re-run', async (_, grants) => {
  const ran = await runCommand(clock, [clocks(), random(), fs()], { cli, ...grants })
  expect([...ran.out, ...ran.err].join('\n')).toBe(expected)
  expect(ran.code).toBe(0)
  expect(ran.verdict).toMatchObject({ verdict: 'verified', size: ran.events.length, turns: 1, undone: 0 })
})
