import { expect, it } from 'vitest'
import type { Finding } from '../actors/finding.ts'
import { reportHtml, reportJson } from '../actors/report.ts'

const date = '2026-11-22T10:20:30.000Z'

function finding(over: Partial<Finding>): Finding {
  const plain = {
    name: 'a',
    version: '1.0.0',
    licence: 'MIT',
    kind: 'permissive',
    source: 'declared',
  } as const
  return { ...plain, files: [], note: '', ...over }
}

it('is one page that loads and runs nothing', () => {
  const html = reportHtml([finding({}), finding({ name: 'b', kind: 'none', licence: '' })], date)
  expect(html).toContain("default-src 'none'")
  expect(html).not.toMatch(/<script|src=|url\(|@import/)
  // What lies beside it, and only if somebody clicks.
  expect(html.match(/href="[^"]*"/g)).toEqual(['href="report.json"'])
})

it('holds no markup of a package', () => {
  const bad = '<script>alert(1)</script>"\'&'
  const html = reportHtml(
    [finding({ name: bad, version: bad, licence: bad, kind: 'unclear', note: bad, files: [bad] })],
    date,
  )
  expect(html).not.toContain('<script')
  expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;')
})

it('says what is to be looked at, and where nothing is', () => {
  expect(reportHtml([finding({})], date)).toContain('Nothing: every package has a permissive licence.')
  const html = reportHtml(
    [finding({ name: 'copied', kind: 'strong copyleft', licence: 'GPL-3.0-only' })],
    date,
  )
  expect(html).not.toContain('Nothing:')
})

it('has the same for programs, sorted', () => {
  const findings = [finding({ name: 'b', kind: 'none' }), finding({ name: 'a' })]
  expect(JSON.parse(reportJson(findings, date))).toEqual({
    date,
    packages: 2,
    flagged: 1,
    findings: [findings[1], findings[0]],
  })
})
