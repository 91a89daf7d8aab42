import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../actors/finding.ts'
import { answer } from '../actors/pages.ts'
import { reportJson } from '../actors/report.ts'

const date = '2026-11-22T10:20:30.000Z'
const bad = '<script>alert(1)</script>"\'&</title><svg onload=alert(1)>'
const hostile: Finding = {
  name: bad,
  version: bad,
  licence: bad,
  kind: 'unclear',
  source: 'declared',
  files: [bad],
  note: bad,
}
const told = { findings: [hostile], report: { date, json: 'ab' } }

const get = (path: string, method = 'GET', of: Parameters<typeof answer>[1] = told): Response =>
  answer({ method, url: `http://127.0.0.1:8080${path}` }, of)

describe('the page', () => {
  it('has its type, and a policy that lets a browser do nothing but apply its own style', async () => {
    const { status, headers, body } = get('/')
    const html = await new Response(body).text()
    const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(html)),
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    // An attribute has no hash: a style in one would not be applied.
    expect(html).not.toMatch(/ style=/)
  })

  it('holds no markup of a package', async () => {
    const html = await get('/').text()
    expect(html).not.toMatch(/<script|onload=alert\(1\)>|<svg onload/)
    expect(html.match(/<title>/g)).toHaveLength(1)
    expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;')
  })

  it('is there while the audit goes on, and says so', async () => {
    const html = await get('/', 'GET', { findings: [hostile], report: null }).text()
    expect(html).toContain('the audit goes on')
    expect(await get('/').text()).not.toContain('the audit goes on')
  })
})

describe('the same for programs', () => {
  it('is the report of the auditor, byte for byte', async () => {
    const response = get('/report.json')
    expect(response.headers.get('content-type')).toBe('application/json')
    // As it comes in a message: with its keys in another order.
    const { note, files, ...rest } = hostile
    expect(await response.text()).toBe(reportJson([{ note, files, ...rest }], date))
  })

  it('is there when the audit is over', () => {
    const response = get('/report.json', 'GET', { findings: [], report: null })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it('has the totals alone', async () => {
    const summary: unknown = await get('/summary').json()
    expect(summary).toEqual({
      packages: 1,
      kinds: { unclear: 1 },
      licences: { [bad]: 1 },
      report: { date, json: 'ab' },
    })
  })

  it('counts licences that are called as properties of objects are', async () => {
    const findings = ['__proto__', 'constructor', '__proto__'].map((licence) => ({ ...hostile, licence }))
    const text = await get('/summary', 'GET', { ...told, findings }).text()
    expect(text).toContain('"__proto__": 2')
    expect(text).toContain('"constructor": 1')
  })
})

it.each(['/', '/report.json', '/summary', '/none'])(
  'answers HEAD of %s as GET, without the body',
  async (path) => {
    const [head, whole] = [get(path, 'HEAD'), get(path)]
    expect(head.status).toBe(whole.status)
    expect([...head.headers]).toEqual([...whole.headers])
    expect(await head.text()).toBe('')
  },
)

it.each([
  '/index.html',
  '/../../etc/passwd',
  '//',
  '/report.json/',
  '/constructor',
  '/__proto__',
  '/%2e%2e/x',
])('has no page %s, and does not repeat what was asked', async (path) => {
  const response = get(`${path}?<script>`)
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
  expect(await response.text()).not.toMatch(/script|passwd|proto/)
})

it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'get', 'BREW'])('can only be read: %s', (method) => {
  for (const path of ['/', '/report.json', '/summary']) {
    const response = get(path, method)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  }
})
