import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '@theater/event-chain'
import type { LoggedStore } from '@theater/event-chain'
import {
  checkpointText,
  formatAddition,
  formatNote,
  HostLog,
  latestCheckpoint,
  parseNote,
  proveConsistency,
  signNote,
  SigningKey,
  verifyCosignatures,
} from '@theater/event-chain/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { witnessKey } from '../src/key.ts'
import { Ledger } from '../src/ledger.ts'
import { serve } from '../src/serve.ts'
import type { Serving } from '../src/serve.ts'
import { Witness } from '../src/witness.ts'

const hostKey = await SigningKey.generate('host.example/theater')
const nextKey = await SigningKey.generate('host.example/theater')
const key = await SigningKey.generate('witness.example/w1', 'cosignature')

let folder: string
let serving: Serving
const said: string[] = []
const open = async (logs = [hostKey.verifier]): Promise<Serving> => {
  const witness = new Witness({ key, logs, ledger: new Ledger(folder) })
  return serve(witness, { host: '127.0.0.1', port: 0 }, (line) => said.push(line))
}
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witness-'))
  serving = await open()
})
afterEach(async () => {
  await serving[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
  said.length = 0
})

/** A log that grows by entries of its own. */
class Host {
  readonly store: LoggedStore = memoryStore()
  readonly seed: number
  log: HostLog | undefined

  constructor(seed = 0) {
    this.seed = seed
  }

  async grow(times = 1): Promise<string> {
    this.log ??= await HostLog.open({ store: this.store, key: hostKey })
    for (let i = 0; i < times; i++) {
      const { size } = await this.store.hostLog.log()
      const chain = new Uint8Array(32).fill(1 + size)
      const event = { header: Uint8Array.of(this.seed, size), body: null }
      await this.store.create(chain, `${size}`, { epoch: 0, events: [event], head: chain })
      await this.log.checkpoint()
    }
    return (await latestCheckpoint(this.store))?.note ?? ''
  }

  /** What a witness that cosigned so many entries is asked. */
  async asks(before: number): Promise<string> {
    return (await proveConsistency(this.store, before)).split('\n').slice(2).join('\n')
  }
}

async function post(body: string): Promise<{ status: number; type: string | null; body: string }> {
  const response = await fetch(`${serving.url}add-checkpoint`, { method: 'POST', body })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}

describe('a witness', () => {
  it('cosigns what goes on from what it cosigned, also after it was started again', async () => {
    const host = new Host()
    const first = await host.grow(3)
    const answer = await post(await host.asks(0))
    expect(answer).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' })
    const cosigned = await verifyCosignatures(parseNote(first + answer.body), [key.verifier])
    expect(cosigned).toMatchObject([{ by: key.verifier }])
    await serving[Symbol.asyncDispose]()
    serving = await open()
    await host.grow(4)
    expect(await post(await host.asks(0))).toEqual({ status: 409, type: 'text/x.tlog.size', body: '3\n' })
    expect((await post(await host.asks(3))).status).toBe(200)
    // A second time, as of a host that did not hear the answer.
    expect((await post(await host.asks(7))).status).toBe(200)
    expect(said.at(-1)).toBe('cosigned 7 entries of "host.example/theater", which go on from 7')
  })

  it('shows the last checkpoint of a log to whoever watches it', async () => {
    const host = new Host()
    await host.grow(2)
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update('host.example/theater').digest('hex')
    const get = async (): Promise<Response> => fetch(`${serving.url}${hash}/checkpoint`)
    expect((await get()).status).toBe(404)
    const { body } = await post(await host.asks(0))
    expect(await (await get()).text()).toBe(((await latestCheckpoint(host.store))?.note ?? '') + body)
  })

  it('cosigns no other log of the same name', async () => {
    const host = new Host()
    await host.grow(5)
    await post(await host.asks(0))
    const before = readdirSync(folder)
    // Cut back: of three entries, and then of others in place of the fourth.
    const back = new Host()
    await back.grow(3)
    expect(await post(await back.asks(0))).toMatchObject({ status: 409, body: '5\n' })
    expect((await post(formatAddition({ before: 5, path: [], note: await back.grow(0) }))).status).toBe(400)
    const other = new Host(1)
    await other.grow(5)
    const same = await post(await other.asks(5))
    expect(same).toMatchObject({
      status: 422,
      body: 'this does not go on from the 5 entries that were cosigned\n',
    })
    await other.grow(4)
    expect((await post(await other.asks(5))).status).toBe(422)
    expect(said.at(-1)).toContain('not cosigned')
    // What it was shown then, with what it has, is what proves the fork.
    const [kept] = readdirSync(folder).filter((name) => !before.includes(name))
    expect(kept).toMatch(/\.refused$/)
    expect(readFileSync(join(folder, kept ?? ''), 'utf8')).toBe(await other.asks(5))
    // The log itself goes on.
    await host.grow(1)
    expect((await post(await host.asks(5))).status).toBe(200)
  })

  it('refuses with the status that says why', async () => {
    const host = new Host()
    const note = await host.grow(2)
    const asks = async (text: string, keys: readonly SigningKey[]): Promise<string> =>
      formatAddition({ before: 0, path: [], note: formatNote(await signNote(text, keys)) })
    const root = new Uint8Array(32)
    const unknown = await SigningKey.generate('other.example')
    const statuses: [number, string][] = [
      [404, await asks(checkpointText({ origin: 'other.example', size: 1, root }), [unknown, hostKey])],
      [403, await asks(checkpointText({ origin: 'host.example/theater', size: 1, root }), [nextKey])],
      // A signature that claims to be of the key that is known.
      [403, formatAddition({ before: 0, path: [], note: note.replace('\n2\n', '\n3\n') })],
      [400, ''],
      [400, 'old 0\n\nno note\n'],
      [400, await host.asks(0).then((text) => text.replace('old 0', 'old 3'))],
      [422, await asks(checkpointText({ origin: 'host.example/theater', size: 0, root }), [hostKey])],
      [422, formatAddition({ before: 0, path: [root], note })],
      [413, 'x'.repeat(100_000)],
    ]
    for (const [status, body] of statuses)
      expect([status, (await post(body)).status]).toEqual([status, status])
    expect((await fetch(`${serving.url}add-checkpoint`)).status).toBe(405)
    expect((await fetch(serving.url)).status).toBe(404)
    expect(readdirSync(folder).filter((name) => name.endsWith('.checkpoint'))).toEqual([])
    // With a checkpoint of nothing there is nothing to go on from.
    const empty = checkpointText({
      origin: 'host.example/theater',
      size: 0,
      root: Uint8Array.fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
    })
    expect((await post(await asks(empty, [hostKey]))).status).toBe(200)
    expect((await post(await host.asks(0))).status).toBe(200)
  })

  it('takes two requests at once one after the other', async () => {
    const host = new Host()
    await host.grow(2)
    const two = await host.asks(0)
    await host.grow(2)
    const four = await host.asks(0)
    const answers = await Promise.all([post(two), post(four)])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
  })

  it('says nothing of what it cannot keep, and of a ledger that is not its own', async () => {
    const host = new Host()
    await host.grow(2)
    await post(await host.asks(0))
    const [name = ''] = readdirSync(folder)
    const path = join(folder, name)
    writeFileSync(path, readFileSync(path, 'utf8').replace('witness.example', 'another.example'))
    await host.grow(1)
    expect((await post(await host.asks(2))).status).toBe(500)
    expect(said.at(-1)).toContain('did not cosign')
  })

  it('follows a host to another key once it is told both', async () => {
    const host = new Host()
    await host.grow(2)
    await post(await host.asks(0))
    await host.log?.rotate(nextKey)
    // Both signed that.
    expect((await post(await host.asks(2))).status).toBe(200)
    await host.grow(1)
    expect((await post(await host.asks(3))).status).toBe(403)
    await serving[Symbol.asyncDispose]()
    serving = await open([hostKey.verifier, nextKey.verifier])
    expect((await post(await host.asks(3))).status).toBe(200)
  })
})

describe('the key of a witness', () => {
  it('is made once', async () => {
    const made = await witnessKey(folder, 'witness.example/w2')
    expect(made.verifier.name).toBe('witness.example/w2')
    expect((await witnessKey(folder, 'another')).verifier.equals(made.verifier)).toBe(true)
  })
})
