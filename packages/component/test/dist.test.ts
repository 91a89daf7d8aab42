import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const built = existsSync(join(dist, 'worker'))

// `turbo run test` builds first; whoever runs this file alone may not have.
describe.skipIf(!built)('the built package', () => {
  test('runs a component, from JavaScript alone', async () => {
    const script = `
      import { readFileSync } from 'node:fs'
      const { loadComponent } = await import(${JSON.stringify(join(dist, 'node.js'))})
      const guest = ${JSON.stringify(fileURLToPath(new URL('../../../tooling/guests/wat/spine.wasm', import.meta.url)))}
      const component = await loadComponent(readFileSync(guest))
      const prepared = await component.prepare({ mode: 'sync' })
      const functions = {
        'test:spine/host#add': (a, b) => a + b,
        'test:spine/host#[constructor]counter': () => 1,
        'test:spine/host#[method]counter.bump': (self, by) => 100 + by,
      }
      const host = { resources: prepared.newResources(), functions, drop() {} }
      console.log(prepared.instantiateSync(host).functions.run(3))`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--no-experimental-strip-types', '--input-type=module', '--eval', script],
      { env: { PATH: process.env['PATH'] } },
    )
    expect(stdout.trim()).toBe('106')
  })

  test('has jco inside, without its WASI, and stays small', () => {
    const worker = readFileSync(join(dist, 'worker', 'transpile-worker.js'), 'utf8')
    expect(worker).not.toMatch(/from\s*["']@bytecodealliance|import\(["']@bytecodealliance/)
    expect(worker).not.toMatch(/node:(child_process|http|net|tls|os)/)
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((file) => file !== '.tsbuildinfo')
      .map((file) => join(dist, file))
    const bytes = files.reduce((sum, file) => sum + (statSync(file).isFile() ? statSync(file).size : 0), 0)
    // Of it 3.5 MB are jco's module, and 1.8 MB the same once more, compressed, for browsers; 0.4 MB are our own code once more, in one file.
    expect(bytes).toBeLessThan(6.5 * 1024 * 1024)
  })
})
