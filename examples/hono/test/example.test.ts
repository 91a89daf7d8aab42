import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

it('builds a Hono application as it is, answers each request with an instance of its own, and the records of both actors verify, a refused request in one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hono-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const main = join(import.meta.dirname, '../src/main.ts')
  const { FORCE_COLOR: _force, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=theater-source', main, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const [code] = (await once(child, 'close')) as [number | null]
  const lines = out.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^built {6}1\d,\d{3},\d{3} bytes$/)
  expect(lines.slice(1, -2)).toEqual([
    'listening  two actors',
    'GET /          200  A shop of books: GET /books, POST /orders',
    'GET /books/0   200  {"title":"Emma","year":1815,"price":990}',
    'GET /books/7   404  {"error":"no such book"}',
    'POST /orders   201  {"title":"Emma","copies":3,"price":2970}',
    'POST /orders   400  {"error":"an order has the title of a book, and copies"}',
    // Each instance has seen the request that it answers.
    'GET /seen      200  {"seen":1}',
    'GET /prices    502  {"error":"the prices cannot be had"}',
    'GET /nowhere   404  404 Not Found',
    'refused    app asked for {"path":"/books","method":"GET","origin":"https://prices.example.com"}',
  ])
  expect(lines.slice(-2).map((line) => line.replace(/\d+ events/, 'N events'))).toEqual([
    'verified   app, N events',
    'verified   app-2, N events',
  ])
  expect(code).toBe(0)
})
