import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../src/address.ts'
import { covers, originOf } from '../src/origin.ts'
import { below, within } from '../src/path.ts'

describe('a path below a prefix', () => {
  const part = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '%252e',
    '%2f',
    '%252F',
    '%5c',
    '\\',
    ';',
    ';a=1',
    'api',
    'x',
    'admin',
    '%61',
    '%25',
  )
  const path = fc.array(part, { maxLength: 8 }).map((parts) => `/api/${parts.join('')}`)

  /** What servers make of a path: escapes undone so many times, backslashes as slashes, parameters left out. */
  function readings(text: string): string[] {
    const found: string[] = []
    let read = text
    for (let round = 0; round < 5; round++) {
      for (const one of [read, read.replaceAll('\\', '/'), read.replaceAll(/;[^/]*/g, '')]) {
        found.push(posix.normalize(one), new URL(`http://x${one}`).pathname)
      }
      read = read.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
    }
    return found
  }

  it('is below it in whatever way a server reads it', () => {
    let held = 0
    fc.assert(
      fc.property(path, (text) => {
        const isBelow = below('/api', text)
        if (isBelow) held++
        const out = isBelow ? readings(text).filter((one) => !/^[/]api([/]|$)/.test(one)) : []
        expect(out).toEqual([])
      }),
      { numRuns: 5000 },
    )
    expect(held).toBeGreaterThan(100)
  })

  it('is below every prefix around that one', () => {
    const prefix = fc.constantFrom('/', '/api', '/api/', '/api/x', '/api/x/', '/apiary')
    fc.assert(
      fc.property(path, prefix, prefix, (text, inner, outer) => {
        const wider = !within(inner, outer) || !below(inner, text) || below(outer, text)
        expect(wider).toBe(true)
      }),
    )
  })
})

describe('the origin of a request', () => {
  it('is what the platform connects to, and in one form', () => {
    const character = fc.constantFrom(...'aZ09.-_:[]@/\\%?# xé\t'.split(''))
    const authority = fc.oneof(
      fc.array(character, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.webAuthority({
        withPort: true,
        withUserInfo: true,
        withIPv4: true,
        withIPv6: true,
        withIPv4Extended: true,
      }),
    )
    let held = 0
    fc.assert(
      fc.property(authority, (text) => {
        const origin = originOf('http', text)
        if (origin === undefined) return
        held++
        expect(new URL(`http://${text}/`).origin).toBe(origin)
        expect(new URL(origin).username).toBe('')
        expect(originOf('http', new URL(origin).host)).toBe(origin)
        expect(covers(origin, origin)).toBe(true)
      }),
      { numRuns: 2000 },
    )
    expect(held).toBeGreaterThan(100)
  })
})

describe('an address', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('%s is of the public internet', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each([
    '',
    'localhost',
    '1.2.3',
    '256.1.1.1',
    '127.0.0.1%lo',
    'fe80::1%eth0',
    '::',
    '::1',
    '2001::1',
    '2001:db8::1',
    '64:ff9b:1::8.8.8.8',
    'ff02::1',
    'fec0::1',
    '100::1',
  ])('%j is not', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it('wrapped in another is as public as itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.constantFrom('10.0.0.1', '127.1.2.3', '169.254.169.254', '224.1.1.1')),
        (address) => {
          const expected = isPublicAddress(address)
          expect(isPublicAddress(`::ffff:${address}`)).toBe(expected)
          expect(isPublicAddress(`64:ff9b::${address}`)).toBe(expected)
          expect(
            isPublicAddress(
              `2002:${address
                .split('.')
                .slice(0, 2)
                .map((n) => Number(n).toString(16).padStart(2, '0'))
                .join('')}::`,
            ),
          ).toBe(false)
        },
      ),
    )
  })
})
