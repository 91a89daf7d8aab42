import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../src/index.ts'
import { makeProgram } from '../src/program.ts'
import { copies, ECHO, folder, objects, theater } from './support/theater.ts'

const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

/** The fenced blocks of a language, by the word after it. */
function blocks(language: string): Map<string, string> {
  const found = text.matchAll(new RegExp(`^\`\`\`${language} ?(\\S*)\\n([^]*?)^\`\`\``, 'gm'))
  return new Map(Array.from(found, ([, name = '', content = '']) => [name, content]))
}

const documented = new Map(
  Array.from(blocks('json'), ([name, content]) => [
    name,
    content
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ]),
)

/** Keys and types of a value, arrays by their first element, whatever their length. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])]
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  return Object.entries(value).map(([key, item]) => [key, shape(item)])
}

/** A run and the summary; which run is done last is up to the machine. */
function certified({ summary }: any): unknown[] {
  const [run] = summary.runs
  return [{ run: 0, ...run }, { summary }]
}

const CACHE = 'package example:cache@0.1.0;\ninterface cache { get: func(key: string) -> option<string>; }\n'

const withEcho = copies(async () => {
  const cwd = folder({ 'theater.toml': ECHO, 'cache.wit': CACHE }, 'file')
  await theater(['run', 'theater.toml'], { cwd })
  await theater(['call', 'echo', 'divide', '7', '2'], { cwd })
  await theater(['call', 'echo', 'log', '"read"'], { cwd })
  return cwd
})

/** That the log goes on from what it is now, checked. */
async function sinceFirst(cwd: string): Promise<unknown[]> {
  await theater(['checkpoint', '-o', 'kept.checkpoint'], { cwd })
  await theater(['proof', '--since', 'kept.checkpoint', '-o', 'k.tlog-consistency'], { cwd })
  const { stdout } = await theater(['key'], { cwd })
  const since = ['--since', 'kept.checkpoint', '--key', stdout.trim(), '--json']
  return objects(await theater(['verify', 'k.tlog-consistency', ...since], { cwd }))
}

describe('docs/cli.md', () => {
  it('shows the real shape of every command', async () => {
    const cwd = await withEcho()
    const real = async (...args: string[]) =>
      objects(await theater([...args, '--json'], { cwd, apart: true }))
    const [event] = (await real('chain', 'echo')).filter(({ fn }) => fn === 'divide')
    const outputs = new Map<string, unknown[]>([
      ['types', await real('types', 'cache.wit', '-o', 'wit.d.ts')],
      ['inspect', await real('inspect', 'echo.wasm')],
      ['inspect-manifest', await real('inspect', 'theater.toml')],
      ['inspect-actor', await real('inspect', 'echo')],
      ['run', await real('run', 'theater.toml')],
      [
        'call',
        [
          ...(await real('call', 'echo', 'divide', '7', '-2')),
          ...(await real('call', 'echo', 'divide', '7', '0')),
        ],
      ],
      ['ps', await real('ps')],
      ['gc', [documented.get('gc')?.[0], ...(await real('gc'))]],
      ['chain', [event]],
      ['logs', (await real('logs', 'echo')).map((line) => ({ ...line, fields: [['package', 'zod']] }))],
      ['replay', (await real('replay', 'echo', '--until', `${event.seq}`)).slice(-2)],
      ['export', await real('export', 'echo', '-o', 'a.car')],
      ['import', await real('import', 'a.car', '--data', 'archive')],
      [
        'certify',
        (await real('certify', 'echo.wasm', '--call', 'divide 7 2', '--seconds', '600'))
          .slice(-1)
          .flatMap(certified),
      ],
      ['verify', await real('verify', 'echo')],
      ['key', await real('key')],
      [
        'checkpoint',
        (await real('checkpoint')).map((one) => ({
          ...one,
          witnesses: documented.get('checkpoint')?.[0].witnesses,
        })),
      ],
      ['proof-since', await real('proof', '--since', '1', '-o', 'e.tlog-consistency')],
      ['proof', await real('proof', 'echo', `${event.seq}`, '-o', 'e.tlog-proof')],
      ['verify-proof', await real('verify', 'e.tlog-proof', '--key', (await real('key'))[0].key)],
      ['verify-since', await sinceFirst(cwd)],
      [
        'error',
        [
          JSON.parse(
            (await theater(['run', 'spine.wasm', '--json'], { cwd })).stderr.trimEnd().split('\n').at(-1) ??
              '',
          ),
        ],
      ],
    ])
    outputs.set('redact', await real('redact', 'echo', `${event.seq}`, '--reason', 'asked for', '--stop'))
    outputs.set('archive', await real('archive', 'echo', '-o', 'echo-1.car'))
    writeFileSync(join(cwd, 'wrong.toml'), '\n[actor.x]\ncomponnet = "x.wasm"\n')
    const wrong = await theater(['run', 'wrong.toml', '--json'], { cwd })
    outputs.set('manifest-error', [JSON.parse(wrong.stderr.trimEnd().split('\n').at(-1) ?? '')])
    for (const [name, objects] of outputs) {
      expect([name, shape(documented.get(name))]).toEqual([name, shape(objects)])
    }
    // What serves is held against the page in serve-component.test.ts. A build takes seconds: its shape is held against the page in build.test.ts; that of `dead` is in dead.test.ts, and that of `timers` in timers.test.ts.
    expect(new Set(documented.keys())).toEqual(
      new Set([...outputs.keys(), 'build', 'dead', 'dead-retry', 'diagnostic', 'dev', 'serve', 'timers']),
    )
    expect(documented.get('error')?.[0].error.code).toBe('unmet-import')
    expect(documented.get('call')).toEqual(outputs.get('call'))
  })

  it('shows a manifest that is one', () => {
    const { actors } = parseManifest(blocks('toml').get('') ?? '', { path: 'theater.toml', folder: '/app' })
    expect(actors).toMatchObject([
      { id: 'auditor', limits: { mailbox: 100 }, params: { format: 'application/json' } },
    ])
    expect(Object.keys(actors[0]?.grants ?? {})).toEqual(['fs', 'messaging'])
    for (const text of blocks('toml').values()) parseManifest(text, { path: 'theater.toml', folder: '/app' })
  })

  it('names every command with all its options', () => {
    const program = makeProgram({ output: () => expect.unreachable(), exit: () => undefined })
    const usage = text.slice(0, text.indexOf('## Exit codes'))
    for (const command of program.commands) {
      expect(usage).toContain(`theater ${command.name()} `)
      const options = command.options
        .map((option) => option.long)
        .filter((long) => long !== '--json' && long !== '--minify')
      for (const option of options) {
        expect(`${command.name()} ${usage.includes(option === '--out' ? '-o ' : (option ?? ''))}`).toBe(
          `${command.name()} true`,
        )
      }
    }
  })
})
