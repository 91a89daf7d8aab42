import { ChainWriter, encodeContent, memoryStore } from '@theater/event-chain'
import { exportCar, openCar, bytesSource } from '@theater/event-chain/car'
import { HostLog, makeSeal, SigningKey } from '@theater/event-chain/log'
import type { Seal, SealedState } from '@theater/event-chain/log'
import { saltPool } from '@theater/event-chain/node'
import { checkSeal, withSignature } from '@theater/replay'
import type { Verdict } from '@theater/replay'
import { beforeAll, describe, expect, it } from 'vitest'
import { genesis } from './support/genesis.ts'

const key = await SigningKey.generate('host.example/theater')
const stranger = await SigningKey.generate('host.example/theater')
let seal: Seal
let state: SealedState
const subject = { chain: new Uint8Array(32), actor: 'a', size: 3, head: new Uint8Array(32) }
const verified: Verdict = { ...subject, verdict: 'verified', turns: 1, undone: 0, finished: true }
const diverged: Verdict = { ...subject, verdict: 'diverged', index: 2, expected: 1, actual: 2, message: '' }
const broken: Verdict = { ...subject, verdict: 'broken', index: 1, reason: 'prev', message: '' }
const withheld: Verdict = { ...subject, verdict: 'inconclusive', code: 'withheld', index: 1, message: '' }

beforeAll(async () => {
  const store = memoryStore()
  const writer = ChainWriter.create({ store, salts: saltPool(), label: 'a', genesis: genesis('a').content })
  writer.append('seed', encodeContent('seed', { seed: new Uint8Array(32) }))
  writer.append('stop', encodeContent('stop', { reason: '' }))
  await writer.flush()
  await (await HostLog.open({ store, key })).checkpoint()
  seal = (await makeSeal(store, [writer.chain])) as Seal
  const parts = await Array.fromAsync(exportCar(store, [writer.chain], { seal }))
  state = (await openCar(bytesSource(await new Blob(parts).bytes()))).chains[0]?.sealed as SealedState
})

describe('what was signed', () => {
  it('is all of it, by a key that is trusted', async () => {
    const check = await checkSeal(seal, [stranger.verifier, key.verifier])
    const signed = withSignature(verified, check, state)
    expect(signed).toMatchObject({ level: 'pass', size: 3, verdict: verified })
    expect(signed.by?.equals(key.verifier)).toBe(true)
    for (const verdict of [diverged, broken, withheld]) {
      expect(withSignature(verdict, check, state).verdict).toBe(verdict)
    }
  })

  it('is not all of it: verified becomes inconclusive, from where nobody signed', async () => {
    const check = await checkSeal(seal, [key.verifier])
    expect(withSignature({ ...verified, size: 5 }, check, state)).toMatchObject({
      level: 'none',
      size: 3,
      verdict: { verdict: 'inconclusive', code: 'unsigned', index: 3, size: 5 },
    })
    for (const [seen, at] of [
      [await checkSeal(null, [key.verifier]), state],
      [check, null],
    ] as const) {
      const unsigned = {
        level: 'none',
        size: 0,
        verdict: { verdict: 'inconclusive', code: 'unsigned', index: 0 },
      }
      expect(withSignature(verified, seen, at)).toMatchObject(unsigned)
    }
    for (const verdict of [diverged, broken, withheld]) {
      expect(withSignature(verdict, undefined, null)).toMatchObject({ level: 'none', verdict })
    }
  })

  it('is another chain, or more of it: that is broken, whatever else was known but what is worse', async () => {
    const check = await checkSeal(seal, [key.verifier])
    const not = { ...state, matches: false }
    for (const verdict of [verified, withheld]) {
      expect(withSignature(verdict, check, not)).toMatchObject({
        level: 'fail',
        verdict: { verdict: 'broken', reason: 'checkpoint', index: 0 },
      })
      expect(withSignature({ ...verdict, size: 2 }, check, not).verdict).toMatchObject({
        verdict: 'broken',
        reason: 'checkpoint',
        index: 2,
        message: 'host.example/theater signed 3 events, and here are 2',
      })
    }
    for (const verdict of [diverged, broken]) {
      expect(withSignature(verdict, check, not)).toMatchObject({ level: 'fail', verdict })
    }
  })

  it('was not signed by whom it says: that is broken', async () => {
    for (const [bad, keys] of [
      [seal, [stranger.verifier]],
      [seal, []],
      [{ ...seal, note: seal.note.replace('\n1\n', '\n2\n') }, [key.verifier]],
      [{ ...seal, note: '' }, [key.verifier]],
      [{ ...seal, chains: seal.chains.map((chain) => ({ ...chain, index: 7 })) }, [key.verifier]],
    ] as const) {
      expect(withSignature(verified, await checkSeal(bad, keys), state)).toMatchObject({
        level: 'fail',
        verdict: { verdict: 'broken', reason: 'signature', index: 0, message: expect.stringMatching(/./) },
      })
    }
  })
})
