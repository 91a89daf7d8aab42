import { readFileSync } from 'node:fs'
import { testExample } from '@theater/package-example'
import { expect, test } from 'vitest'

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

testExample(import.meta.url, () => import('./example.ts'), 'src/node.ts')

test('every error code and every limit is in the README', () => {
  const readme = text('../README.md')
  const codes = [...text('../src/errors.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code)
  const limits = [...text('../src/limits.ts').matchAll(/^ {2}(\w+):/gm)].map(([, limit]) => limit)
  expect(codes.length).toBeGreaterThan(10)
  expect([...codes, ...limits].filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})
