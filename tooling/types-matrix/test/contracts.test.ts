import { expect, test } from 'vitest'
import { contractsText, currentText } from '../src/contracts.ts'

test('the boundary knows the types of every function in wit/', async () => {
  expect(currentText()).toBe(await contractsText())
})
