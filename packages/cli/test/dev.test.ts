import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { objects, start, theater } from './support/theater.ts'
import { project } from './support/project.ts'

const COUNTER = `import { defineActor, t } from '@theater/actor'
import { step } from './step.ts'
export default defineActor({
  uses: ['log'],
  state: { count: 0 },
  accepts: { add: t.object({ by: t.integer() }) },
  messages: {
    add({ state, log }, { by }) {
      state.count = step(state.count, by)
      log.info('added', { by })
      return state.count
    },
  },
})
`
const STEP = 'export const step = (count: number, by: number): number => count + by\n'

/** A `theater dev --json`, with what it says. */
function develop(cwd: string, args: readonly string[]) {
  const child = start(['dev', ...args, '--json'], { cwd })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: any[] = []
  let rest = ''
  let noted = ''
  let wake = (): void => undefined
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines.map((line) => JSON.parse(line)))
    wake()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    noted += text
    wake()
  })
  child.once('close', () => wake())
  const until = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (child.exitCode !== null) throw new Error(`it ended: ${noted}`)
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    child,
    said,
    noted: (text: RegExp) => until(() => text.exec(noted) ?? undefined),
    /** The next of a kind: what came before it is forgotten. */
    next: (kind: string) =>
      until(() => {
        const at = said.findIndex((one) => one.kind === kind)
        return at < 0 ? undefined : said.splice(0, at + 1).at(-1)
      }),
    say: (line: string) => void child.stdin?.write(`${line}\n`),
  }
}

it('replaces an actor as its sources change, with its state, and keeps it where they are wrong', async () => {
  const cwd = project({ 'counter.ts': COUNTER, 'step.ts': STEP }, { typescript: true })
  const save = (name: string, text: string) => writeFileSync(join(cwd, name), text)
  const run = develop(cwd, ['counter.ts'])

  const made = await run.next('ready')
  expect(made).toMatchObject({ actor: 'counter', became: 'made', cached: false })
  run.say('add {"by": 2}')
  await run.noted(/counter info {2}added by=2/)
  expect(await run.next('answer')).toMatchObject({ actor: 'counter', message: 'add', answer: { ok: 2 } })

  // Of what it imports; what cannot be parsed stops nothing.
  save('step.ts', 'export const step = (')
  const broken = await run.next('refused')
  expect(broken).toMatchObject({ code: 'bundle', running: true, diagnostics: [{ file: 'step.ts', line: 1 }] })
  run.say('add {"by": 1}')
  expect(await run.next('answer')).toMatchObject({ answer: { ok: 3 } })

  // Types are shown and stop nothing.
  save('step.ts', STEP.replace('count + by', '(count + by * 10) as unknown as string'))
  expect(await run.next('ready')).toMatchObject({ became: 'replaced', cached: false })
  expect(await run.next('refused')).toMatchObject({ code: 'types', diagnostics: [{ rule: 'TS2322' }] })
  run.say('add {"by": 1}')
  expect(await run.next('answer')).toMatchObject({ answer: { ok: 13 } })

  // What was built before is not built again, and the state goes on with it.
  save('step.ts', STEP)
  expect(await run.next('ready')).toMatchObject({
    became: 'replaced',
    cached: true,
    component: made.component,
  })
  save('counter.ts', `// more words\n${COUNTER}`)
  expect(await run.next('ready')).toMatchObject({ became: 'unchanged', component: made.component })
  run.say('add {"by": 1}')
  expect(await run.next('answer')).toMatchObject({ answer: { ok: 14 } })

  // A component that refuses the state is not run.
  save('counter.ts', COUNTER.replace('accepts:', `load: () => { throw new Error('no way') },\n  accepts:`))
  expect(await run.next('refused')).toMatchObject({ code: 'failed-to-start', running: true })
  run.say('add {"by": 1}')
  expect(await run.next('answer')).toMatchObject({ answer: { ok: 15 } })
  run.say('add {by')
  expect(await run.next('refused')).toMatchObject({ code: 'bad-arguments', running: true })
  run.say('nope')
  expect(await run.next('answer')).toMatchObject({ answer: { err: { code: 'unknown-message' } } })

  run.child.kill('SIGINT')
  expect(await new Promise((resolve) => run.child.once('close', resolve))).toBe(130)
  const rows = objects(await theater(['ps', '--json'], { cwd }))
  expect(rows.map(({ actor, state }) => `${actor} ${state}`).toSorted()).toEqual([
    'counter idle',
    'counter~1 stopped',
    'counter~2 stopped',
  ])
  const [, , loaded] = objects(await theater(['chain', 'counter', '--json'], { cwd }))
  expect(loaded).toMatchObject({
    kind: 'turn',
    fn: 'theater:actor/migration@0.1.0#load',
    args: [{ body: { utf8: '{"count":13}' } }],
  })
  const verified = await theater(['verify', 'counter', 'counter~1', 'counter~2', '--json'], { cwd })
  expect(objects(verified).map(({ verdict }) => verdict)).toEqual(['verified', 'verified', 'verified'])
  expect(verified.code).toBe(0)

  const docs = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  const shown = /```json dev\n([^]*?)```/.exec(docs)?.[1]?.trimEnd().split('\n') ?? []
  const keys = (value: object) => Object.keys(value).toSorted().join()
  expect(shown.map((line) => keys(JSON.parse(line)))).toEqual(
    [made, { kind: '', actor: '', event: {} }, { kind: '', actor: '', message: '', answer: {} }, broken].map(
      keys,
    ),
  )
}, 600_000)

it('takes grants from its command line or from a manifest, and says what is wrong with them', async () => {
  const cwd = project({
    'counter.ts': COUNTER,
    'theater.toml': '[actor.other]\ncomponent = "other.wasm"\n',
  })
  const refused = async (...args: string[]) => theater(['dev', 'counter.ts', ...args], { cwd })
  expect(await refused('--grant', 'log={')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('not JSON'),
  })
  const both = await refused('--grant', 'log', '--manifest', 'theater.toml')
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('leave --grant out') })
  const absent = await refused('--manifest', 'theater.toml')
  expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('no actor "counter"') })
  expect(await theater(['dev', 'none.ts'], { cwd })).toMatchObject({ code: 2 })
})
