/** What is written into a manifest, by mistake or not, so that it means something else than it seems to. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManifestError, parseManifest, readManifest } from '@theater/cli'
import { printable } from '@theater/handler-log'
import { type Escape, type Outcome, stopped, through, variants } from '../escape.ts'

const actor = '[actor.one]\ncomponent = "one.wasm"\n'

function codeOf(error: unknown): string {
  if (ManifestError.is(error)) return error.code
  throw error
}

/** Parses a text; what it means would be what the writer did not see. */
function parses(text: string, what = 'it was taken'): Outcome {
  try {
    parseManifest(text, { path: 'theater.toml', folder: '/srv/app' })
    return through(what)
  } catch (error) {
    return ManifestError.is(error) ? stopped(error.code) : through(`the host fails: ${String(error)}`)
  }
}

const all = (texts: readonly string[], what?: string) => (): Promise<Outcome> =>
  variants(texts, async (text) => parses(text, what))

const common = { class: 'manifest' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'manifest/a-key-that-is-written-wrong',
    guard: 'manifest-keys',
    code: 'unknown-key',
    attempt: all(
      [
        `${actor}limit.mailbox = 5`,
        `${actor}grant.fs = {}`,
        `${actor}[actor.one.grants.store]\nrights = ["read"]\nlabel = "mine/"`,
        `${actor}[actor.one.grants.fs.mounts]\n"/data" = { host = "d", rights = "r", readonly = true }`,
        `${actor}[[actor.one.grants.http.out]]\norigin = "https://a.example"\npath = ["/"]`,
      ],
      'a limit that was meant is not there',
    ),
  },
  {
    ...common,
    id: 'manifest/a-key-twice',
    guard: 'toml',
    code: 'syntax',
    attempt: all([
      `${actor}component = "two.wasm"`,
      `${actor}[actor.one]\ncomponent = "two.wasm"`,
      `${actor}[actor.one.grants]\nlog = {}\nlog = {}`,
      `${actor}[actor.one.grants.log]\nlevel = "info"\n[actor.one.grants.log]\nlevel = "trace"`,
    ]),
  },
  {
    ...common,
    id: 'manifest/the-prototype-of-objects',
    guard: 'manifest-prototypes',
    code: 'syntax',
    attempt: all([
      '[actor.__proto__]\ncomponent = "a.wasm"',
      `${actor}[actor.one.grants.__proto__]\nx = 1`,
      '[__proto__]\nactor = 1',
    ]),
  },
  {
    ...common,
    id: 'manifest/names-that-objects-have',
    guard: 'manifest-keys',
    code: 'unknown-key',
    attempt: all([
      `${actor}[actor.one.grants.toString]`,
      `${actor}[actor.one.grants.hasOwnProperty]`,
      `${actor}[actor.one.limits]\ntoString = 5`,
      `[toString]\n${actor}`,
    ]),
  },
  {
    ...common,
    id: 'manifest/an-actor-that-leads-somewhere',
    guard: 'manifest-ids',
    code: 'bad-id',
    attempt: all(
      ['../x', 'a/b', 'A', 'a b', 'x'.repeat(200), '\\u0000'].map(
        (id) => `[actor."${id}"]\ncomponent = "a.wasm"`,
      ),
    ),
  },
  {
    ...common,
    id: 'manifest/a-mount-above-what-it-shows',
    guard: 'manifest-keys',
    code: 'unknown-key',
    attempt: all(
      ['/../etc', '/a/../b', 'data', '/a//b'].map(
        (path) => `${actor}[actor.one.grants.fs.mounts]\n"${path}" = { host = "d", rights = "r" }`,
      ),
    ),
  },
  {
    ...common,
    id: 'manifest/nested-without-end',
    guard: 'manifest-depth',
    code: 'syntax',
    attempt: all([
      `${actor}params.json = ${'['.repeat(5000)}${']'.repeat(5000)}`,
      `${actor}params.json.${Array(3000).fill('a').join('.')} = 1`,
      `${actor}params.json = ${'{ a = '.repeat(3000)}1${' }'.repeat(3000)}`,
    ]),
  },
  {
    ...common,
    id: 'manifest/without-end',
    guard: 'manifest-bytes',
    code: 'syntax',
    attempt: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'theater-escapes-'))
      try {
        const path = join(folder, 'theater.toml')
        writeFileSync(path, `${actor}# ${'x'.repeat(2 ** 20)}\n`)
        await readManifest(path)
        return through('all of it was read')
      } catch (error) {
        return stopped(codeOf(error))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  },
  {
    ...common,
    id: 'manifest/a-key-that-steers-the-terminal',
    guard: 'manifest-terminal',
    code: 'nothing to obey',
    attempt: () =>
      variants(
        [
          `${actor}"\\u001b[2J" = 1`,
          `${actor}[actor.one.grants.log]\n"\\u001b]0;x\\u0007" = 1`,
          `[secrets]\n"\\u001b" = 1\n${actor}`,
        ],
        async (text) => {
          try {
            parseManifest(text, { path: 'theater.toml', folder: '/' })
            return through('it was taken')
          } catch (error) {
            if (!ManifestError.is(error)) throw error
            const lines = error.report.split('\n')
            return lines.every((line) => line === printable(line))
              ? stopped('nothing to obey')
              : through('its report steers the terminal')
          }
        },
      ),
  },
  {
    ...common,
    id: 'manifest/a-log-line-that-steers-the-terminal',
    guard: 'log-terminal',
    code: 'nothing to obey',
    attempt: () =>
      variants(['\u001b[2J', 'a\rb', 'a\nb', '\u202eevil', '\u009b2J', '\u2028'], async (text) => {
        const shown = printable(text)
        const steers = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(shown)
        return steers ? through('the terminal obeys it') : stopped('nothing to obey')
      }),
  },
]
