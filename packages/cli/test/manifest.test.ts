import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { defaultLimits } from '@theater/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handlerNames, limitNames, ManifestError, parseManifest } from '../src/index.ts'
import { makeHandlers } from '../src/handlers.ts'
import { folder, theater } from './support/theater.ts'

const parse = (text: string) => parseManifest(text, { path: 'theater.toml', folder: '/srv/app' })

/** The message that a manifest is refused with. */
function refusal(text: string): string {
  try {
    parse(text)
  } catch (error) {
    if (!ManifestError.is(error)) throw error
    return `${error.code} ${error.message}`
  }
  throw new Error('it was taken')
}

describe('parseManifest', () => {
  it('reads actors in order, paths from the manifest', () => {
    const { actors } = parse(`
[actor.b]
component = "build/b.wasm"
params = { string = "hallo" }
limits = { mailbox = 5, callMs = 1_000 }

[actor."a:1".grants.fs.mounts]
"/data" = { host = "data/in", rights = "r" }
"/abs" = { host = "/var/x", rights = "rw" }

[actor."a:1"]
component = "/opt/a.wasm"
params = { bytes = "AAEC", format = "x/y" }
`)
    expect(actors).toEqual([
      {
        id: 'b',
        component: '/srv/app/build/b.wasm',
        grants: {},
        params: { format: 'text/plain;charset=utf-8', body: new TextEncoder().encode('hallo') },
        limits: { mailbox: 5, callMs: 1000 },
      },
      {
        id: 'a:1',
        component: '/opt/a.wasm',
        grants: {
          fs: {
            mounts: {
              '/data': { host: '/srv/app/data/in', rights: 'r' },
              '/abs': { host: '/var/x', rights: 'rw' },
            },
          },
        },
        params: { format: 'x/y', body: Uint8Array.of(0, 1, 2) },
        limits: {},
      },
    ])
  })

  it.for([
    ['', 'missing-key theater.toml: there is no actor. Write [actor.NAME]'],
    [
      'actors = 1',
      'unknown-key theater.toml:1:1: there is no key "actors" in a manifest. Did you mean "actor"?',
    ],
    ['actor = 1', 'wrong-type theater.toml:1:9: actor has to be a table, not 1'],
    ['[actor.x]', 'missing-key theater.toml:1:1: [actor.x] has no component. Write component = "FILE.wasm".'],
    [
      '\n[actor.x]\n  componnet = "x.wasm"',
      'unknown-key theater.toml:3:3: there is no key "componnet" in [actor.x]. Did you mean "component"?',
    ],
    ['[actor.x]\ncomponent = 3', 'wrong-type theater.toml:2:13: component has to be a string, not 3'],
    [
      '[actor.x]\ncomponent = "x.ts"',
      'no-component theater.toml:2:13: "x.ts" is source, not a component. Run `theater build x.ts -o x.wasm`',
    ],
    ['[actor."No Way"]\ncomponent = "x.wasm"', 'bad-id theater.toml:1:8: "No Way" is not an actor\'s id'],
    [
      '[actor.x]\ncomponent = "x.wasm"\n[actor.x.grants.mesaging]',
      'unknown-key theater.toml:3:17: there is no handler "mesaging" in [actor.x.grants]. Did you mean "messaging"?',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\ngrants.kafka = {}',
      'unknown-key theater.toml:3:8: there is no handler "kafka" in [actor.x.grants]. Handlers: cli, clocks, fs, http, log, messaging, process, random, store, supervisor, timer. Those of somebody else are given with --handler MODULE.',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\ngrants.log = "info"',
      'wrong-type theater.toml:3:14: log has to be a table, not a string',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\nparams.json = { since = 2020-01-01 }',
      'wrong-type theater.toml:3:25: since: a date cannot be written as JSON',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\nparams.json = { a = [inf] }',
      'wrong-type theater.toml:3:22: a: Infinity cannot be written as JSON',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\ngrants.log = { level = 9223372036854775807 }',
      'wrong-type theater.toml:3:24: level: 9223372036854775807 cannot',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\n[actor.x.limits]\nmailbx = 3',
      'unknown-key theater.toml:4:1: there is no limit "mailbx" in [actor.x.limits]. Did you mean "mailbox"?',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\n[actor.x.limits]\nmailbox = 0',
      'bad-value theater.toml:4:11: mailbox has to be at least 1, not 0',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\n[actor.x.params]',
      'missing-key theater.toml:3:1: [actor.x.params] needs exactly one of json, string and bytes',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\n[actor.x.params]\nstring = "a"\njson = 1',
      'missing-key theater.toml:3:1: [actor.x.params] needs exactly one of json, string and bytes',
    ],
    [
      '[actor.x]\ncomponent = "x.wasm"\n[actor.x.params]\nbytes = "!"',
      'bad-value theater.toml:4:9: bytes is not base64',
    ],
    ['[actor.x]\ncomponent = "a.wasm"\ncomponent = "b.wasm"', 'syntax theater.toml:3:'],
    ['[actor.x', 'syntax theater.toml:1:'],
    ['__proto__ = 1', 'syntax theater.toml:1:1: __proto__ and constructor cannot be keys'],
    ['[actor.__proto__]\ncomponent = "x.wasm"', 'syntax theater.toml'],
    [`[actor.x]\ncomponent = ${'['.repeat(5000)}`, 'syntax theater.toml'],
    [`a = ${'{b='.repeat(5000)}`, 'syntax theater.toml'],
    [`${'a.'.repeat(20000)}b = 1`, 'unknown-key theater.toml'],
  ] as const)('refuses %j', ([text, message]) => {
    expect(refusal(text)).toContain(message)
  })

  it.for([
    ['unknown keys', (i: number) => `k${i} = 1\n`],
    ['actors with an unknown key', (i: number) => `[actor.a${i}]\nx = 1\n`],
    ['dates', (i: number) => (i === 0 ? '[actor.a.params.json]\n' : `k${i} = 2020-01-01\n`)],
  ] as const)('tells the first of very many %s, and does not take for ever', ([, line]) => {
    const text = Array.from({ length: 10_000 }, (_, i) => line(i)).join('')
    const message = refusal(text)
    expect(message.split('\n')).toHaveLength(21)
    expect(message).toMatch(/\nand \d+ more$/)
  })

  it('takes any text without any other error', () => {
    const words = [
      '[',
      ']',
      '[actor.',
      'actor',
      'component',
      'grants',
      'params',
      '=',
      '"',
      "'",
      '\n',
      '#',
      '{',
      '}',
      ',',
      '.',
      '1',
      'x',
      '\\',
      '\0',
      'ü',
      '"""',
      'json',
    ]
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words)).map((all) => all.join('')),
    )
    const property = fc.property(text, (one) => {
      try {
        parse(one)
      } catch (error) {
        if (!ManifestError.is(error)) throw error
      }
    })
    expect(fc.check(property, { numRuns: 2000 })).toMatchObject({ failed: false })
  })

  it('knows the handlers that there are, and the limits', async () => {
    const handlers = await makeHandlers({ store: ':memory:' })
    expect(handlers.map(({ name }) => name).toSorted()).toEqual([...handlerNames])
    expect([...limitNames].toSorted()).toEqual(Object.keys(defaultLimits).toSorted())
  })
})

describe('run of a manifest', () => {
  it.for([
    ['not-toml.toml', 'this is {{ not toml', 'not-toml.toml:1:'],
    ['binary.toml', Uint8Array.of(0xff, 0xfe, 0, 0x80), 'this is not UTF-8 text'],
    ['huge.toml', '#'.repeat(2_000_000), 'the limit is 1048576'],
    [
      'gone.toml',
      '[actor.x]\ncomponent = "gone.wasm"',
      'gone.toml:2:13: the component of x: there is no file ',
    ],
    ['dir.toml', '[actor.x]\ncomponent = "dir"', 'dir is not a file'],
    [
      'text.toml',
      '[actor.x]\ncomponent = "text.toml"',
      'text.toml:2:13: x: This is not a WebAssembly component',
    ],
    ['ts.toml', '[actor.x]\ncomponent = "src/x.ts"', '`theater build src/x.ts -o x.wasm`'],
    ['esc.toml', '[actor.x]\n"\\u001b[2J\\u202e" = 1', '\\u001b[2J'],
  ] as const)('%s is exit code 3', async ([name, content, message]) => {
    const cwd = folder({ [name]: content })
    mkdirSync(join(cwd, 'dir'))
    const { code, stdout, stderr } = await theater(['run', name], { cwd })
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(stderr).not.toMatch(/[\u001b\u202e]/)
    expect(stdout).toBe('')
    expect(code).toBe(3)
  })
})
