import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import { expect, it, vi } from 'vitest'

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const example = text('./example.ts').trimEnd()

it('the example is the one in the README and in src/index.ts', () => {
  expect(text('../README.md')).toContain(`\`\`\`ts\n${example}\n\`\`\``)
  expect(text('../src/index.ts').replaceAll(/^ \*( |$)/gm, '')).toContain(`\`\`\`ts\n${example}\n\`\`\``)
})

it('the example prints what the README says', async () => {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...args) => void lines.push(format(...args)))
  await import('./example.ts')
  log.mockRestore()
  expect(text('../README.md')).toContain(`\`\`\`text\n${lines.join('\n')}\n\`\`\``)
})
