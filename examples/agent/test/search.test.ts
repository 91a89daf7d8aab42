import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { search } from '../src/search.ts'
import { place } from './support.ts'

it('finds a text wherever it lies in a file: as it is, as base64, as hex', () => {
  const folder = place()
  onTestFinished(() => folder[Symbol.dispose]())
  const file = join(folder.path, 'file')
  for (const text of ['a key', 'a key-', 'a key->?>?']) {
    for (const before of ['', 'x', 'xy', 'xyz'])
      for (const after of ['', '?', '??', '???']) {
        const whole = Buffer.from(`${before}${text}${after}`)
        for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const) {
          writeFileSync(file, `--${whole.toString(form)}--`)
          expect(search(folder.path, text).where, `${form} of ${whole.toString()}`).toEqual([file])
        }
      }
  }
  writeFileSync(file, 'another')
  expect(search(folder.path, 'a key')).toEqual({ files: 1, bytes: 7, where: [] })
})
