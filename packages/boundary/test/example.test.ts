import { readFileSync } from 'node:fs'
import { testExample } from '@theater/package-example'
import { expect, it } from 'vitest'

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

testExample(import.meta.url, () => import('./example.ts'))

it('every error code, and every way a turn ends, is in the README', () => {
  const readme = text('../README.md')
  const codes = [...text('../src/errors.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code)
  const ends = [...text('../src/types.ts').matchAll(/readonly tag: '([a-z]+)'/g)].map(([, tag]) => tag)
  expect(codes.length).toBe(4)
  expect(ends.length).toBe(6)
  expect([...codes, ...ends].filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})
