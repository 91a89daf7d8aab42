import { describe, expect, it } from 'vitest'
import { isLicenceFile, recognise } from '../actors/licence-text.ts'
import { text } from './support/texts.ts'

describe('a licence text', () => {
  it.each(Object.entries(text))('of %s is recognised', (id, words) => {
    expect(recognise(words)).toBe(id)
  })

  it('is recognised however it is set', () => {
    expect(recognise(text.MIT.toUpperCase().replaceAll(' ', '\n * '))).toBe('MIT')
    expect(recognise(`# MIT\r\n\r\n> ${text.MIT.replaceAll(' ', '\r\n')}`)).toBe('MIT')
  })

  it('is the first of several: what follows are the notices of others', () => {
    expect(recognise(`${text.MIT}\n\nThis product includes:\n\n${text['GPL-3.0-only']}`)).toBe('MIT')
    expect(recognise(`${text['GPL-3.0-only']}\n\nParts of it:\n\n${text.MIT}`)).toBe('GPL-3.0-only')
  })

  it.each(['', 'All rights reserved.', 'You may use this on Tuesdays.'])('that says %j is not', (words) => {
    expect(recognise(words)).toBeUndefined()
  })
})

describe('a licence file', () => {
  it.each([
    'LICENSE',
    'license.md',
    'LICENCE',
    'LICENSE-MIT',
    'LICENSE.APACHE2',
    'MIT-LICENSE.txt',
    'COPYING',
    'COPYING.LESSER',
    'UNLICENSE',
    'licenses',
  ])('can be called %s', (name) => {
    expect(isLicenceFile(name)).toBe(true)
  })

  it.each([
    'license.js',
    'licenses.json',
    'license-checker.ts',
    'LICENSE-3rdparty.txt',
    'LICENSE-third-party',
    'LicenseRef',
    'README.md',
    'NOTICE',
    'unlicensed-fonts',
  ])('is not called %s', (name) => {
    expect(isLicenceFile(name)).toBe(false)
  })
})
