import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { project } from './support/project.ts'
import { ended, objects, start, theater } from './support/theater.ts'

const COUNTER = `import { defineActor, Failure, t } from '@theater/actor'
export default defineActor({
  uses: ['log'],
  state: { count: 0 },
  accepts: { add: t.object({ by: t.integer() }) },
  messages: {
    add({ state, log }, { by }) {
      if (by < 0) throw new Failure('negative', 'this counter only counts up')
      state.count += by
      log.info('added', { by })
      return state.count
    },
    boom() {
      ;[1].map((one: number): number => {
        throw new TypeError('no ' + one)
      })
    },
    stall: () => new Promise<null>(() => undefined),
  },
})
`

/** It never has nothing to do, and never waits for the world. */
const TICKER = `import { type Actor, defineActor, ref } from '@theater/actor'
type Self = Actor<{ next: { body: undefined; reply: null } }>
export default defineActor({
  uses: ['messaging', 'log'],
  state: { n: 0 },
  init({ send }) {
    send(ref<Self>('ticker'), 'next')
  },
  messages: {
    next({ state, send, log }) {
      log.info(String(++state.n))
      send(ref<Self>('ticker'), 'next')
    },
  },
})
`

/** Its one message is of a type that echo refuses. */
const RELAY = `import { type Actor, defineActor, ref } from '@theater/actor'
export default defineActor({
  uses: ['messaging'],
  init({ send }) {
    send(ref<Actor<{ fail: { body: undefined; reply: null } }>>('echo'), 'fail')
  },
})
`

/** It imports what a handler of somebody else serves. */
const READER = `import { defineActor } from '@theater/actor'
import { read } from 'my:notes/notes@0.1.0'
export default defineActor({ messages: { get: (_ctx, name: string) => read(name) } })
`
const NOTES = `package my:notes@0.1.0;
interface notes { enum error { denied } read: func(name: string) -> result<string, error>; }
`

describe('build', () => {
  it('takes interfaces from WIT, and types writes them for editors', async () => {
    const cwd = project({ 'reader.ts': READER, 'notes.wit': NOTES })
    const without = await theater(['build', 'reader.ts', '-o', 'reader.wasm'], { cwd })
    expect(without.code).toBe(3)
    expect(without.stderr).toContain('my:notes/notes@0.1.0 is in no WIT that is known here')
    expect(without.stderr).toContain('theater build --wit FILE')
    const built = await theater(['build', 'reader.ts', '-o', 'reader.wasm', '--wit', 'notes.wit', '--json'], {
      cwd,
    })
    expect(built).toMatchObject({ code: 0 })
    expect(objects(built)[0].imports).toContain('my:notes/notes@0.1.0')
    const typed = await theater(['types', 'notes.wit', '-o', 'types/wit.d.ts'], { cwd })
    expect(typed).toMatchObject({ code: 0, stdout: 'types/wit.d.ts\n  my:notes/notes@0.1.0\n' })
    expect(readFileSync(join(cwd, 'types/wit.d.ts'), 'utf8')).toContain('read(name: string): string')
    writeFileSync(
      join(cwd, 'broken.wit'),
      'package my:notes@0.1.0;\ninterface notes { read: func(name: strong); }\n',
    )
    const broken = await theater(['types', 'broken.wit', '-o', 'wit.d.ts'], { cwd })
    expect(broken).toMatchObject({ code: 3, stdout: '' })
    expect(broken.stderr).toMatch(/^theater: the WIT is not valid: .*strong/s)
    expect(broken.stderr).not.toMatch(/^ +at /m)
  })

  it('makes a component that runs, is called, and verifies', async () => {
    const cwd = project({
      'counter.ts': COUNTER,
      'theater.toml': '[actor.counter]\ncomponent = "out/counter.wasm"\ngrants.log = {}\n',
    })
    const ran = await theater(['build', 'counter.ts', '-o', 'out/counter.wasm', '--json'], { cwd })
    expect(ran.stderr).toMatch(/^types were not checked: typescript is not installed here\..*\n$/)
    const [built] = objects(ran)
    const bytes = readFileSync(join(cwd, 'out/counter.wasm'))
    const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
    const shown = JSON.parse(/```json build\n(.*)\n/.exec(docs)?.[1] ?? '{}')
    expect(Object.keys(built)).toEqual(Object.keys(shown))
    expect(built).toMatchObject({
      component: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      bytes: bytes.length,
      imports: expect.arrayContaining(['theater:actor/log@0.1.0']),
      exports: expect.arrayContaining(['theater:messaging/responder@0.1.0']),
      map: 'out/counter.wasm.map',
      typescript: null,
    })
    expect(JSON.parse(readFileSync(join(cwd, 'out/counter.wasm.map'), 'utf8'))).toMatchObject({
      version: 3,
      file: 'counter.wasm',
      sources: expect.arrayContaining(['../counter.ts']),
      sourcesContent: expect.arrayContaining([COUNTER]),
      x_theater: { component: built.component, module: 'actor.js' },
    })
    expect((await theater(['run', 'theater.toml'], { cwd })).code).toBe(0)
    expect(await theater(['call', 'counter', 'add', '{"by": 3}'], { cwd })).toEqual({
      code: 0,
      stdout: '{"ok":3}\n',
      stderr: 'counter info  added by=3\n',
    })
    // Built again, elsewhere, it is the same component: the actor that there is goes on.
    const elsewhere = project({ 'counter.ts': COUNTER })
    const again = await theater(['build', 'counter.ts', '-o', 'x.wasm', '--json', '--no-check'], {
      cwd: elsewhere,
    })
    copyFileSync(join(elsewhere, 'x.wasm'), join(cwd, 'out/counter.wasm'))
    expect(objects(again)).toMatchObject([{ component: built.component, bytes: built.bytes }])
    expect(await theater(['run', 'theater.toml'], { cwd })).toMatchObject({
      code: 0,
      stderr: 'counter is back, after 6 events\n',
    })
    expect((await theater(['call', 'counter', 'add', '{"by": 1}'], { cwd })).stdout).toBe('{"ok":4}\n')
    const refused = await theater(['call', 'counter', 'add', '{"by": -3}', '--json'], { cwd })
    expect(objects(refused)).toEqual([{ err: { code: 'negative', message: 'this counter only counts up' } }])
    expect(refused.code).toBe(4)
    // Where it threw is shown in its sources, though the record has what the engine said.
    const thrown = await theater(['call', 'counter', 'boom'], { cwd })
    expect(thrown.stderr).toMatch(
      /^counter error boom threw error=TypeError: no 1\n  at boom \(counter\.ts:15:15\)\n  at boom \(counter\.ts:14:12\)\n$/,
    )
    const events = objects(await theater(['chain', 'counter', '--json'], { cwd }))
    expect(JSON.stringify(events)).toContain('@actor.js:')
    const stalled = await theater(['call', 'counter', 'stall'], { cwd })
    expect(stalled).toMatchObject({ code: 4, stdout: '{"err":{"trapped":"guest"}}\n' })
    expect(stalled.stderr).toContain('One that awaits what never comes does')
    expect((await theater(['verify', 'counter'], { cwd })).code).toBe(0)
  })

  it('makes an actor whose message is refused: the run fails with 4, and the records fit together', async () => {
    const cwd = project({
      'relay.ts': RELAY,
      'theater.toml':
        '[actor.echo]\ncomponent = "echo.wasm"\n[actor.relay]\ncomponent = "relay.wasm"\ngrants.messaging.to = ["echo"]\n',
    })
    expect((await theater(['build', 'relay.ts', '-o', 'relay.wasm'], { cwd })).code).toBe(0)
    const ran = await theater(['run', 'theater.toml', '--json'], { cwd })
    expect(ran.stderr).toContain('dead letter: echo refused a message of relay')
    expect(objects(ran)).toMatchObject([{ actor: 'echo' }, { actor: 'relay' }])
    expect(ran.code).toBe(4)
    const verified = await theater(['verify', 'echo', 'relay'], { cwd })
    expect(verified).toMatchObject({ code: 0, stderr: '1 message arrived as sent\n' })
    const alone = await theater(['verify', 'echo'], { cwd })
    expect(alone).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 message came from another chain'),
    })
  })

  it('makes an actor that never rests: SIGINT is heard, and the next run goes on', async () => {
    const cwd = project({
      'ticker.ts': TICKER,
      'theater.toml':
        '[actor.ticker]\ncomponent = "ticker.wasm"\ngrants.log = {}\ngrants.messaging.to = ["ticker"]\n',
    })
    expect((await theater(['build', 'ticker.ts', '-o', 'ticker.wasm'], { cwd })).code).toBe(0)
    const last: number[] = []
    for (const from of [1, 2]) {
      const child = start(['run', 'theater.toml'], { cwd })
      let seen = ''
      await new Promise<void>((resolve, reject) => {
        child.once('close', () => reject(new Error(seen)))
        child.stderr?.on('data', (data: Buffer) => {
          seen += data.toString()
          if (/ticker info .*\n.*ticker info /.test(seen)) resolve()
        })
      })
      child.kill('SIGINT')
      const { code, stdout, stderr } = await ended(child)
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
      const ticks = Array.from((seen + stderr).matchAll(/^ticker info {2}(\d+)$/gm), ([, n]) => Number(n))
      expect(ticks[0]).toBe(from === 1 ? 1 : (last.at(-1) ?? 0) + 1)
      last.push(...ticks)
    }
    expect(objects(await theater(['ps', '--json'], { cwd }))).toMatchObject([{ state: 'idle' }])
    expect((await theater(['verify', 'ticker'], { cwd })).code).toBe(0)
  })

  it('refuses what is no actor with 3, at its place, without a stack', async () => {
    const cwd = project(
      {
        'empty.ts': '',
        'syntax.ts': 'export default defineActor({',
        'import.ts':
          "import x from './not-there.ts'\nimport { defineActor } from '@theater/actor'\nexport default defineActor({ messages: { a: () => x } })\n",
        'node.ts':
          "import 'node:fs'\nimport { defineActor } from '@theater/actor'\nexport default defineActor({ messages: {} })\n",
        'types.ts':
          "import { defineActor } from '@theater/actor'\nexport default defineActor({ messages: { a: (): number => 'x' } })\n",
      },
      { typescript: true },
    )
    for (const name of ['empty.ts', 'syntax.ts', 'import.ts', 'node.ts', 'types.ts']) {
      const { code, stdout, stderr } = await theater(['build', name, '-o', 'x.wasm'], { cwd })
      expect([name, code]).toEqual([name, 3])
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^theater: /)
      expect(stderr).toContain(name)
      expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
    }
    const typed = await theater(['build', 'types.ts', '-o', 'x.wasm', '--json'], { cwd })
    expect(typed.stderr.split('\n').slice(0, 3)).toEqual([
      "theater: types.ts:2:59: Type 'string' is not assignable to type 'number'.",
      "    2 | export default defineActor({ messages: { a: (): number => 'x' } })",
      '      |                                                           ^^^',
    ])
    const { error } = JSON.parse(typed.stderr.trimEnd().split('\n').at(-1) ?? '')
    expect(error).toMatchObject({ code: 'types', exit: 3, diagnostics: [{ rule: 'TS2322' }] })
    const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
    const shown = JSON.parse(/```json diagnostic\n(.*)\n/.exec(docs)?.[1] ?? '{}')
    expect(Object.keys(error.diagnostics[0]).toSorted()).toEqual(Object.keys(shown).toSorted())
    writeFileSync(join(cwd, 'x.txt'), '')
    expect((await theater(['run', 'empty.ts'], { cwd })).stderr).toContain('theater build empty.ts')
  })
})
