import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cGuest } from '@theater/guests'
import { describe, expect, it } from 'vitest'
import { Going } from './support/going.ts'
import { folder, objects, start, theater } from './support/theater.ts'

const place = (): string => folder({ 'web.wasm': cGuest('web'), 'fetcher.wasm': cGuest('fetcher') })

async function get(url: string, path: string): Promise<string> {
  const response = await fetch(url + path, { headers: { connection: 'close' } })
  return response.text()
}

const serve = (cwd: string, ...flags: string[]): Going =>
  new Going(start(['serve', 'web.wasm', '--listen', '127.0.0.1:0', ...flags], { cwd }))

async function verdicts(cwd: string, ...actors: string[]): Promise<unknown[]> {
  return objects(await theater(['verify', ...actors, '--json'], { cwd })).map(({ actor, verdict }) => [
    actor,
    verdict,
  ])
}

describe('serve FILE.wasm', () => {
  it('answers with instances that share the requests, each with a record that verifies, and goes on the next time', async () => {
    const cwd = place()
    const first = serve(cwd, '--instances', '2', '--instance', 'actor')
    const url = await first.url
    const counts = []
    for (let i = 0; i < 4; i++) counts.push(await get(url, '/count'))
    expect(counts).toEqual(['1', '1', '2', '2'])
    expect(await first.end('SIGTERM')).toBe(0)
    expect(first.stderr).toContain('2 instances of web answer; Ctrl-C ends it')
    expect(await verdicts(cwd, 'web', 'web-2')).toEqual([
      ['web', 'verified'],
      ['web-2', 'verified'],
    ])

    const again = serve(cwd, '--json')
    const next = await again.url
    // The second one is of the run before, and answers too.
    expect([await get(next, '/count'), await get(next, '/count')]).toEqual(['3', '3'])
    expect(await again.end('SIGINT')).toBe(0)
    expect(again.stderr).toContain('web-2, of an earlier run, still answers, too.')
    const said = again.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(said).toEqual([{ listening: next, actors: ['web'] }])
    const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
    const documented = JSON.parse(/```json serve\n(.*)\n```/.exec(page)?.[1] ?? '') as object
    expect(Object.keys(documented)).toEqual(['listening', 'actors'])
    expect((await theater(['serve', 'web.wasm', '--actor', 'web', '--env', 'A=1'], { cwd })).code).toBe(2)
    const other = await theater(['serve', 'web.wasm', '--instance', 'turn'], { cwd })
    expect(other.stderr).toContain('there is an actor web already, whose instances live as long as it does')
    expect(other.code).toBe(2)
  })

  it('gives each request an instance of its own where the component knows nothing of actors', async () => {
    const cwd = place()
    const first = serve(cwd)
    const url = await first.url
    expect([await get(url, '/count'), await get(url, '/count')]).toEqual(['1', '1'])
    expect(await get(url, '/boom')).toBe('The actor failed.\n')
    expect(await get(url, '/count')).toBe('1')
    expect(await first.end('SIGTERM')).toBe(0)
    expect(first.stderr).toContain('each request gets an instance of its own')
    expect(await verdicts(cwd, 'web')).toEqual([['web', 'verified']])

    // Nobody says so the next time, and it is the actor's own.
    const again = serve(cwd)
    expect(await get(await again.url, '/count')).toBe('1')
    expect(await again.end('SIGTERM')).toBe(0)
    expect(again.stderr).toContain('web is back, after ')
    expect((await theater(['serve', 'web.wasm', '--instance', 'actor'], { cwd })).stderr).toContain(
      'whose instances live for a turn',
    )
  })

  it('takes it from a manifest too', async () => {
    const cwd = place()
    const manifest = [
      '[actor.web]',
      'component = "web.wasm"',
      'instance = "turn"',
      '[[actor.web.grants.http.serve]]',
      'path = "/"',
    ]
    writeFileSync(join(cwd, 'theater.toml'), manifest.join('\n'))
    const going = new Going(start(['run', 'theater.toml', '--listen', '127.0.0.1:0'], { cwd }))
    const url = await going.url
    expect([await get(url, '/count'), await get(url, '/count')]).toEqual(['1', '1'])
    expect(await going.end('SIGTERM')).toBe(0)
    writeFileSync(join(cwd, 'theater.toml'), manifest.toSpliced(2, 1).join('\n'))
    const without = new Going(start(['run', 'theater.toml', '--listen', '127.0.0.1:0'], { cwd }))
    expect(await get(await without.url, '/count')).toBe('1')
    expect(await without.end('SIGTERM')).toBe(0)
    expect(without.stderr).toContain('web goes on as it was made: its instances live for a turn')
  })

  it('traps only the instance that traps', async () => {
    const cwd = place()
    const going = serve(cwd, '--instances', '2', '--actor', 'app', '--instance', 'actor')
    const url = await going.url
    expect(await get(url, '/count')).toBe('1')
    expect(await get(url, '/boom')).toBe('The actor failed.\n')
    expect([await get(url, '/count'), await get(url, '/count')]).toEqual(['2', '1'])
    expect(going.stderr).not.toContain('without an answer')
    expect(await get(url, '/boom')).toBe('The actor failed.\n')
    expect(await going.end('SIGTERM')).toBe(0)
    expect(going.stderr).toContain(
      'app has answered a request and left a later one without an answer. A component that is written for one request an instance does that: --instance turn, with --fresh or another --actor, gives it',
    )
    expect(await verdicts(cwd, 'app', 'app-2')).toEqual([
      ['app', 'verified'],
      ['app-2', 'verified'],
    ])
  })

  it('grants what it is told to, and shares the routes of a grant', async () => {
    const cwd = place()
    const http = 'http={"serve":[{"path":"/count"}],"limits":{"answer-ms":60000}}'
    const going = serve(cwd, '--grant', http)
    const url = await going.url
    expect(await get(url, '/count')).toBe('1')
    expect(await get(url, '/echo')).toBe('Nobody answers here.\n')
    await going.end('SIGTERM')
    const [genesis] = objects(await theater(['chain', 'web', '--to', '0', '--json'], { cwd }))
    expect(genesis.detail.grants).toEqual({
      http: { serve: [{ path: '/count', shared: true }], limits: { 'answer-ms': 60_000 } },
    })
  })

  it.each([
    [
      ['serve', 'fetcher.wasm'],
      3,
      'exports neither theater:http/request-handler nor wasi:http/incoming-handler',
    ],
    [['serve', 'web.wasm', '--listen', '8080'], 2, 'is no HOST:PORT'],
    [['serve', 'web.wasm', '--grant', 'http=3'], 3, 'the grant "http" is not valid'],
    [['serve', 'web.wasm', '--grant', 'http={"serve":3}'], 3, 'the grant "http" is not valid'],
    [['serve', 'web.wasm', '--instances', 'x'], 2, 'A whole number from 1 to 1000'],
    [['serve', 'web.wasm', '--instance', 'request'], 2, 'Allowed choices are turn, actor'],
  ] as const)('%j is exit code %i', async (args, code, message) => {
    const cwd = place()
    const ran = await theater(args, { cwd })
    expect(ran.stderr).toContain(message)
    expect(ran.code).toBe(code)
  })

  it('refuses an actor that was stopped, and one of another component', async () => {
    const cwd = place()
    await theater(['run', 'hello.wasm', '--actor', 'web', '--data', join(cwd, '.theater')], { cwd })
    const ran = await theater(['serve', 'web.wasm'], { cwd })
    expect(ran.stderr).toContain('there is an actor web already, that was stopped')
    expect(ran.code).toBe(2)
  })
})
