import { expect, test } from 'vitest'
import { contractsText, currentText } from '../src/contracts.ts'

test('the boundary knows the types of every function in wit/', async () => {
  // The formatter breaks long lines its own way.
  const words = (text: string): string => text.replaceAll(/\s+/g, ' ')
  expect(words(currentText())).toBe(words(await contractsText()))
})
