import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskCache } from '@theater/component/node'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { componentLoader, verify } from '@theater/replay/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../actors/chat.ts'
import { startModel, STAND_IN_KEY } from '../src/model.ts'
import { dataFiles } from '../src/paths.ts'
import { transcript } from '../src/transcript.ts'
import type { Transcript } from '../src/transcript.ts'
import { type Ended, filesWith, place, run, theater } from './support.ts'

const folder = place()
const data = join(folder.path, 'data')
const home = join(import.meta.dirname, '..')
const CANARY = 'canary-4711-of-the-example'

/** The record of an actor in a data folder. */
async function recordOf(path: string, actor = 'agent'): Promise<Transcript> {
  await using store = sqliteStore(join(path, 'theater.db'))
  return await transcript(store, actor)
}

async function verdictOf(path: string, actor: string): Promise<string> {
  await using store = sqliteStore(join(path, 'theater.db'))
  const { chain } = (await store.find(actor))!
  const load = componentLoader({ cache: await diskCache(dataFiles(path).cache) })
  return (await verify({ store, chain }, { load })).verdict
}

const messagesOf = (sent: Buffer): readonly Message[] =>
  (JSON.parse(sent.toString()) as { readonly messages: readonly Message[] }).messages

// One after the other: all use the component that the first one builds.
describe('npm run agent', () => {
  let first: Ended
  let record: Transcript

  beforeAll(async () => {
    first = await run(['--data', data])
    record = await recordOf(data)
  })
  afterAll(() => folder[Symbol.dispose]())

  it('ends well, and prints nothing that a terminal would obey', () => {
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('All of it held') })
    expect(first.out).not.toContain('\u001b')
  })

  it('answers what it was asked, and keeps a note', () => {
    expect(first.out).toContain('2 invoices are unpaid, 508.50 EUR together')
    expect(first.out).toMatch(/The note notes\/to-pay:\n +# To pay/)
  })

  it('says in words what was granted', () => {
    expect(first.out).toMatch(/may POST to http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions\n/)
    expect(first.out).toContain('may have the host send MODEL_KEY there as authorization, and not see it')
    expect(first.out).toContain('may make 20 requests in all, of 400,000 bytes in both directions')
  })

  it('has in its record what it asked and what it was told, byte for byte', () => {
    const { exchanges } = record
    expect(exchanges).toHaveLength(6)
    for (const { ask, status, failed } of exchanges) {
      expect(ask).toEqual({
        method: 'POST',
        origin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        path: '/v1/chat/completions',
      })
      expect({ status, failed }).toEqual({ status: 200, failed: undefined })
    }
    const last = exchanges.at(-1)
    const told = JSON.parse(last?.got.toString() ?? '') as { choices: readonly { message: Message }[] }
    expect(told.choices[0]?.message.content).toContain('2 invoices are unpaid')
    const results = messagesOf(last?.sent ?? Buffer.alloc(0)).filter(({ role }) => role === 'tool')
    expect(results.map(({ content }) => content?.split('\n')[0])).toEqual([
      'invoices/',
      '2026-101.md',
      'plan.md',
      '# Invoice 2026-101',
      '# Invoice 2026-102',
      '# Invoice 2026-103',
      '# Plan for the week',
      'refused: not-permitted',
      'refused: HTTP-request-denied',
      'refused: there is no such tool',
      'saved as to-pay',
    ])
  })

  it('was refused what a document told the model to do, as events with their asks', () => {
    expect(record.denied).toEqual([
      {
        seq: expect.any(Number),
        fn: '[method]descriptor.stat-at',
        ask: { mount: '/workspace', path: '../secrets.env', need: 'r' },
      },
      {
        seq: expect.any(Number),
        fn: 'handle',
        ask: { method: 'GET', origin: 'https://collector.example', path: '/verify' },
      },
    ])
    for (const { seq } of record.denied) {
      expect(first.out).toMatch(new RegExp(`^ +${seq} {2}to (read|GET) .* the host`, 'm'))
    }
    expect(first.out).toMatch(/run_command cat ~\/\.ssh\/id_ed25519 +the agent +there is no such tool/)
  })

  it('is stopped by the budgets of the host, and by its own', async () => {
    expect(first.out).toMatch(/agent-requests +3 .* round 4: the host’s budget: connection-limit-reached$/m)
    expect(first.out).toMatch(
      /agent-bytes +20 +6,000 .* round 4: the host’s budget: HTTP-request-body-size$/m,
    )
    expect(first.out).toMatch(/agent-rounds .* round 2: its own budget of 2 rounds is used up$/m)
    const requests = await recordOf(data, 'agent-requests')
    expect(requests.exchanges.map(({ status }) => status)).toEqual([200, 200, 200, undefined])
    expect(requests.exchanges.at(-1)?.failed).toBe('connection-limit-reached')
    const { exchanges } = await recordOf(data, 'agent-bytes')
    const bytes = exchanges.flatMap(({ status, sent, got }) =>
      status === 200 ? [sent.length + got.length] : [],
    )
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(6000)
    expect((await recordOf(data, 'agent-rounds')).exchanges).toHaveLength(2)
  })

  it('is verified, every one of them', async () => {
    for (const actor of ['agent', 'agent-requests', 'agent-bytes', 'agent-rounds']) {
      expect(first.out).toMatch(new RegExp(`^ +${actor} +[\\d,]+ +\\d+ +verified$`, 'm'))
    }
    expect(await verdictOf(data, 'agent')).toBe('verified')
  })

  it('has the key nowhere, in the folder or on the screen, nor what lies beside the workspace', () => {
    expect(filesWith(data, 'Kessel Hosting')).toContain(join(data, 'agent.car'))
    for (const secret of [STAND_IN_KEY, CANARY]) {
      expect(filesWith(data, secret)).toEqual([])
      expect(first.out).not.toContain(secret)
    }
    expect(readFileSync(join(home, 'secrets.env'), 'utf8')).toContain(CANARY)
    expect(first.out).toMatch(/the stand-in saw it \d+ times, and 0 requests without it/)
  })

  it('goes on where it was after it was killed with a request under way, and asks that again', async () => {
    const killed = await run(['--data', data, '--crash-after', '3'])
    expect(killed).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(killed.out).toContain('The last run was finished; this is a new one.')
    expect(killed.out).not.toContain('round 4')
    const second = await run(['--data', data])
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining('All of it held') })
    expect(second.out).toMatch(
      /interrupted here\. agent: \d+ turns? re-run over \d+ events; the turn under way goes on/,
    )
    expect(second.out).toContain('connection-terminated: asks again')
    expect(second.out).not.toMatch(/^ +round [12] /m)
    expect(second.out).toContain('2 invoices are unpaid, 508.50 EUR together')
    const { exchanges } = await recordOf(data)
    expect(exchanges.map(({ status, failed }) => status ?? failed)).toEqual([
      200,
      200,
      'connection-terminated',
      200,
      200,
      200,
      200,
    ])
    expect(exchanges[3]?.sent).toEqual(exchanges[2]?.sent)
  })
})

describe('another model', () => {
  const KEY = 'another-key-5e1f09'

  it('is asked by the same grant, with a key out of the environment', async () => {
    await using model = await startModel({ key: KEY })
    const path = join(folder.path, 'other')
    const args = [
      '--data',
      path,
      '--model-url',
      `${model.base}/v1/`,
      '--model',
      'other-1',
      '--secret',
      'OTHER_KEY',
    ]
    const ended = await run(args, { OTHER_KEY: KEY })
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('All of it held') })
    expect(model.requests).toEqual({ answered: 14, unauthorized: 0 })
    const { exchanges } = await recordOf(path)
    expect(JSON.parse(exchanges[0]?.sent.toString() ?? '')).toMatchObject({ model: 'other-1' })
    expect(filesWith(path, KEY)).toEqual([])
    expect(ended.out).not.toContain(KEY)
  })

  it('that does not take the key ends the run, with what it said', async () => {
    await using model = await startModel({ key: 'what it wants' })
    const path = join(folder.path, 'wrong')
    const args = ['--data', path, '--model-url', model.base, '--model', 'other-1', '--secret', 'OTHER_KEY']
    const ended = await run(args, { OTHER_KEY: KEY })
    expect(ended).toMatchObject({ code: 1, out: expect.stringContaining('answered 401') })
    expect(ended.out).not.toMatch(/^ +at /m)
    expect(model.requests).toEqual({ answered: 0, unauthorized: 1 })
    expect(filesWith(path, KEY)).toEqual([])
  })

  it('that answers anything but what it should is no danger', async () => {
    const answers = ['no json', '{"choices":[]}', '{"choices":[{"message":{"content":7}}]}']
    await using server = createServer((_request, response) => response.end(answers.shift() ?? ''))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const ended = await run(['--data', join(folder.path, 'odd'), '--model-url', base, '--model', 'odd'])
    expect(ended).toMatchObject({ code: 1, out: expect.stringContaining('the answer has no message') })
    expect(answers).toHaveLength(1)
  })
})

describe('theater.toml', () => {
  it('is run by theater, with the key out of the environment', async () => {
    const key = 'key-for-the-manifest-77'
    await using model = await startModel({ key })
    const site = join(folder.path, 'site')
    mkdirSync(site)
    const text = readFileSync(join(home, 'theater.toml'), 'utf8')
      .replaceAll('http://127.0.0.1:8642', model.base)
      .replace('"dist/agent.wasm"', JSON.stringify(join(home, 'dist', 'agent.wasm')))
      .replace('"workspace"', JSON.stringify(join(home, 'workspace')))
    writeFileSync(join(site, 'theater.toml'), text)
    const at = ['--data', join(site, 'data')]
    const env = { MODEL_KEY: key }
    const without = await theater(['run', join(site, 'theater.toml'), ...at])
    expect(without).toMatchObject({ code: 3, out: expect.stringContaining('MODEL_KEY') })
    expect(await theater(['run', join(site, 'theater.toml'), ...at], env)).toMatchObject({ code: 0 })
    const last = await theater(['call', 'agent', 'last', ...at, '--json'], { THEATER_SECRET_MODEL_KEY: key })
    expect(last.out).toContain('508.50 EUR together')
    expect(await theater(['verify', 'agent', ...at])).toMatchObject({ code: 0 })
    expect(model.requests).toEqual({ answered: 6, unauthorized: 0 })
    expect(filesWith(site, key)).toEqual([])
  })
})
