import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import { expect, test, vi } from 'vitest'

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const example = text('./example.ts').trimEnd()

test('the example is the one in the README and in src/node.ts', () => {
  expect(text('../README.md')).toContain(`\`\`\`ts\n${example}\n\`\`\``)
  expect(text('../src/node.ts').replaceAll(/^ \*( |$)/gm, '')).toContain(`\`\`\`ts\n${example}\n\`\`\``)
})

test('the example prints what the README says', async () => {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...args) => void lines.push(format(...args)))
  await import('./example.ts')
  log.mockRestore()
  expect(text('../README.md')).toContain(`\`\`\`text\n${lines.join('\n')}\n\`\`\``)
})

test('every error code and every limit is in the README', () => {
  const readme = text('../README.md')
  const codes = [...text('../src/errors.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code)
  const limits = [...text('../src/limits.ts').matchAll(/^ {2}(\w+):/gm)].map(([, limit]) => limit)
  expect(codes.length).toBeGreaterThan(10)
  expect([...codes, ...limits].filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})
