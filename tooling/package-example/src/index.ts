/**
 * What every package demands of the example in its README: it is the one in the module comment of its entry, and it prints what
 * stands there.
 *
 * ```ts
 * testExample(import.meta.url, () => import('./example.ts'))
 * ```
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import { expect, it, vi } from 'vitest'

/**
 * Registers the tests.
 *
 * @param here the URL of the test, beside which `example.ts` is
 * @param run imports it
 * @param entry the source of the entry whose module comment has the example
 */
export function testExample(here: string, run: () => Promise<unknown>, entry = 'src/index.ts'): void {
  const text = (path: string): string => readFileSync(new URL(path, here), 'utf8')

  it(`the example is the one in the README and in ${entry}`, () => {
    const block = `\`\`\`ts\n${text('./example.ts').trimEnd()}\n\`\`\``
    expect(text('../README.md')).toContain(block)
    expect(text(`../${entry}`).replaceAll(/^ \*( |$)/gm, '')).toContain(block)
  })

  it('the example prints what the README says', async () => {
    const lines: string[] = []
    const log = vi
      .spyOn(console, 'log')
      .mockImplementation((...args: unknown[]) => void lines.push(format(...args)))
    try {
      await run()
    } finally {
      log.mockRestore()
    }
    expect(text('../README.md')).toContain(`\`\`\`text\n${lines.join('\n')}\n\`\`\``)
  })
}
