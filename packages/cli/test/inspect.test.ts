import { assemble } from '@theater/guests/wat'
import { describe, expect, it } from 'vitest'
import { folder, objects, theater } from './support/theater.ts'

/** A component whose only item is an import with this name. */
const importing = (name: string) => assemble(`(component (import ${JSON.stringify(name)} (func)))`)

describe('inspect', () => {
  it('says what each import gets without a grant', async () => {
    const ran = await theater(['inspect', 'hello.wasm', '--json'], { cwd: folder() })
    const [report] = objects(ran)
    expect(Object.keys(report)).toEqual(['component', 'imports', 'exports', 'manifest'])
    expect(report.imports).toContainEqual({
      name: 'wasi:cli/exit@0.2.3',
      handler: 'cli',
      state: 'inert',
      functions: ['exit-with-code'],
      live: null,
    })
    expect(report.imports).toContainEqual({
      name: 'wasi:io/error@0.2.3',
      handler: null,
      state: 'granted',
      functions: [],
      live: null,
    })
    expect(report.exports).toEqual([{ name: 'wasi:cli/run@0.2.3', functions: ['run'] }])
    const [spine] = objects(await theater(['inspect', 'spine.wasm', '--json'], { cwd: folder() }))
    expect(spine.imports).toEqual([
      {
        name: 'test:spine/host',
        handler: null,
        state: 'unmet',
        functions: ['add', '[constructor]counter', '[method]counter.bump'],
        live: null,
      },
    ])
    expect(spine.exports).toEqual([{ name: '', functions: ['run', 'boom'] }])
  })

  it('is readable', async () => {
    const { stdout } = await theater(['inspect', 'spine.wasm'], { cwd: folder() })
    expect(stdout).toMatch(
      /^IMPORT +GRANT  WITHOUT IT\ntest:spine\/host +– +no handler of theater serves it/m,
    )
    expect(stdout).toContain('(root)\n  run(n: u32) -> u32\n  boom()\n')
  })

  it('refuses bad bytes with 3, and says what is wrong with them', async () => {
    const files: Record<string, readonly [string | Uint8Array, string]> = {
      'empty.wasm': ['', 'not-wasm'],
      'text.wasm': ['hello there, this is text', 'not-wasm'],
      'core.wasm': [Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 'core-module'],
      'short.wasm': [Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 1, 99), 'not-wasm'],
      'noise.wasm': [
        new Uint8Array([
          0,
          0x61,
          0x73,
          0x6d,
          0x0d,
          0,
          1,
          0,
          ...Array.from({ length: 999 }, (_, i) => (i * 197) % 256),
        ]),
        '',
      ],
      'url.wasm': [await importing('url=<https://example.org/x>'), 'bad-name'],
      'stream.wasm': [
        await assemble('(component (type $t (stream u8)) (import "f" (func (param "x" $t))))'),
        'unsupported',
      ],
    }
    const cwd = folder(Object.fromEntries(Object.entries(files).map(([name, [bytes]]) => [name, bytes])))
    for (const [name, [, expected]] of Object.entries(files)) {
      for (const command of ['inspect', 'run']) {
        const { code, stdout, stderr } = await theater([command, name, '--json'], { cwd })
        expect([command, name, code]).toEqual([command, name, 3])
        expect(stdout).toBe('')
        expect(stderr).not.toMatch(/^\s+at /m)
        const last = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')
        expect(last.error.code).toContain(expected)
        expect(last.error.message).toContain(`${name}: `)
      }
    }
  })
})
