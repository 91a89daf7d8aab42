import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChainSource } from '@theater/replay'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildPage } from '../src/build.ts'
import { type Served, servePage } from '../src/server.ts'
import { executablePath, launch } from './support/chromium.ts'
import { carOf, counters, flipped, forged, twoActors } from './support/records.ts'

if (executablePath === undefined) {
  const how = 'Debian: apt-get install chromium; elsewhere: THEATER_CHROMIUM=/path/to/chromium'
  console.log(`skipped: the page in a browser, because there is no Chromium here. ${how}`)
}

const source = (of: ReadonlyMap<string, ChainSource>, name: string): ChainSource => {
  const found = of.get(name)
  if (found === undefined) throw new TypeError(`there is no ${name}`)
  return found
}

/** Milliseconds, for a machine that has much else to do. */
const slow = 600_000

describe.skipIf(executablePath === undefined)('the page, in Chromium', { timeout: slow }, () => {
  let folder: string
  let served: Served
  let browser: Browser
  let page: Page
  let complaints: string[]
  let one: ReadonlyMap<string, ChainSource>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'theater-verify-page-'))
    const bundler = new URL('../../../packages/component/bundle-workers.mjs', import.meta.url).href
    const { webWorker } = (await import(bundler)) as { webWorker: (outfile: string) => Promise<void> }
    const transpiler = join(folder, 'web-worker.js')
    await webWorker(transpiler)
    await buildPage({ out: join(folder, 'page'), transpiler })
    served = await servePage(join(folder, 'page'))
    browser = await launch()
    one = await counters(['ada', 'bob'])
  }, slow)

  afterAll(async () => {
    await browser?.close()
    await served?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    complaints = []
    page = await browser.newPage()
    page.setDefaultTimeout(slow)
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(served.url)
    await page.locator('#limit').selectOption('no limit')
  })

  afterEach(async () => {
    await page.close()
  })

  const give = (car: Buffer, name = 'record.car'): Promise<void> =>
    page.setInputFiles('#file', { name, mimeType: 'application/vnd.ipld.car', buffer: car })

  const over = async (): Promise<void> => {
    await page.locator('#work:has(#stop[hidden])').waitFor()
  }

  /** What the page says when it is done: the sum, and each actor with its verdict. */
  const verdicts = async (): Promise<{ sum: string; chains: (readonly [string, string])[] }> => {
    await over()
    const cards = await page.locator('.chain').all()
    const chains = cards.map(async (card) => {
      const name = await card.locator('h3').innerText()
      return [name, (await card.locator('.verdict').innerText()).replace(/^[✓✕?] /, '')] as const
    })
    return { sum: await page.locator('#status').innerText(), chains: await Promise.all(chains) }
  }

  test('two TypeScript actors are verified, with what went between them, and nothing goes out', async () => {
    const actors = await twoActors()
    await give(await carOf(...actors.values()))
    expect(await verdicts()).toEqual({
      sum: 'Verified: both actors did exactly what the record says.',
      chains: [
        ['a', 'verified'],
        ['b', 'verified'],
      ],
    })
    expect(await page.locator('#together').innerText()).toBe(
      '2 messages between these actors: each arrived once, as it was sent.',
    )
    const [details] = await page.locator('details').all()
    await details?.locator('summary').click()
    expect(await details?.innerText()).toMatch(/Component\s+bafkrei[a-z2-7]+\s/)
    expect(complaints).toEqual([])
  })

  test('a byte that was changed is found at its event, and the other chain is not accused', async () => {
    const car = await carOf(...one.values())
    await give(await flipped(car, source(one, 'bob'), 3))
    const { sum, chains } = await verdicts()
    expect(sum).toBe('Do not believe it: 1 of 2 records does not hold.')
    expect(chains).toEqual([
      ['ada', 'verified'],
      ['bob', 'broken at event 3'],
    ])
  })

  test('an answer that was changed and hashed again diverges, and both sides are shown', async () => {
    await give(await carOf(await forged(source(one, 'ada'), 'answer')))
    const { chains } = await verdicts()
    expect(chains).toEqual([['ada', 'diverged at event 5']])
    const [record, did] = await page.locator('.sides pre').all()
    expect(JSON.parse((await record?.innerText()) ?? '')).toMatchObject({ kind: 'return', result: 4 })
    expect(JSON.parse((await did?.innerText()) ?? '')).toMatchObject({ kind: 'return', result: 3 })
  })

  test('a file that was cut is broken where it ends, and one that is no CAR file is refused', async () => {
    const car = await carOf(source(one, 'ada'))
    await give(car.subarray(0, car.length - 10))
    expect((await verdicts()).chains).toEqual([['ada', 'broken at event 5']])
    await give(Buffer.from('PK not a record'), 'other.zip')
    expect(await verdicts()).toMatchObject({ chains: [] })
    expect(await page.locator('#status').innerText()).toMatch(/^This is no record that can be read\. .+\.$/)
    await give(Buffer.alloc(0), 'empty.car')
    expect((await verdicts()).sum).toMatch(/^This is no record that can be read/)
    // The page is none the worse for it.
    await give(car)
    expect((await verdicts()).chains).toEqual([['ada', 'verified']])
    expect(complaints).toEqual([])
  })

  test('an actor that does not end is ended, and the others have their verdicts', async () => {
    await page.locator('#limit').evaluate((select: HTMLSelectElement) => {
      select.add(new Option('some', '15', true, true))
    })
    await give(await carOf(await forged(source(one, 'ada'), 'endless'), source(one, 'bob')))
    const { sum, chains } = await verdicts()
    expect(chains).toEqual([
      ['ada', 'inconclusive from the start'],
      ['bob', 'verified'],
    ])
    expect(sum).toBe('Not proven: for 1 of 2 records there is no answer here.')
    const [card] = await page.locator('.chain').all()
    expect(await card?.innerText()).toContain(
      'running it again did not end within 15 seconds, so it was ended',
    )
    expect(await card?.innerText()).toContain('This accuses nobody.')
  })

  test('Stop ends it at once, from the keyboard too, and says that nothing is known', async () => {
    await give(await carOf(source(one, 'bob'), await forged(source(one, 'ada'), 'endless')))
    await page
      .locator('.chain', { hasText: 'ada' })
      .locator('.verdict', { hasText: 'running it again' })
      .waitFor()
    await page.locator('#stop').press('Enter')
    const { sum, chains } = await verdicts()
    expect(sum).toBe('Stopped. What was not finished has no verdict.')
    expect(chains).toEqual([
      ['bob', 'verified'],
      ['ada', 'no verdict'],
    ])
    await expect.poll(() => page.workers().length, { timeout: slow }).toBe(0)
  })

  test('a stack of another size accuses nobody', async () => {
    const deep = source(await counters(['eve'], 'deep'), 'eve')
    await give(await carOf(deep))
    expect((await verdicts()).chains).toEqual([['eve', 'verified']])
    await give(await carOf(await forged(deep, 'bottomless')))
    expect((await verdicts()).chains).toEqual([['eve', 'inconclusive from event 4 on']])
    const says = 'The stack of this browser is smaller than the one it was recorded on'
    expect(await page.locator('.chain').innerText()).toContain(says)
  })

  test('a name in a record is text: no markup, nothing that turns it around', async () => {
    const actor = '<img src=x onerror=alert(1)>\u202egpj.exe\n\u0000'
    await give(await carOf(await forged(source(one, 'ada'), { actor })))
    const { chains } = await verdicts()
    expect(chains[0]?.[0]).toBe('<img src=x onerror=alert(1)>\\u{202e}gpj.exe\\u{a}\\u{0}')
    expect(await page.locator('img').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('code that got out of everything else reaches nobody', async () => {
    // The verifier's own worker, kept from its end: what runs in it from here on is code that nobody checked.
    await page.evaluate(() => (Worker.prototype.terminate = () => {}))
    await give(await carOf(source(one, 'ada')))
    await verdicts()
    const before = served.asked.length
    const [worker] = page.workers()
    const tried = await worker?.evaluate(async (url) => {
      // Not within this call: a debugger may do more than the page.
      await new Promise((resolve) => setTimeout(resolve))
      const load = 'importScripts' as const
      const attempts: Record<string, () => unknown> = {
        fetch: () => fetch(`${url}?leak`),
        import: () => import(`${url}page.js?leak`),
        importScripts: () =>
          (self as unknown as Record<typeof load, (u: string) => void>)[load](`${url}page.js?leak`),
        socket: () =>
          new Promise((open, fail) => {
            const socket = new WebSocket(url.replace('http', 'ws'))
            socket.onopen = open
            socket.onerror = fail
          }),
        worker: () =>
          new Promise((open, fail) => {
            const other = new Worker(`${url}page.js?leak`)
            other.onmessage = open
            other.onerror = fail
          }),
      }
      const got: string[] = []
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          await attempt()
          got.push(name)
        } catch {}
      }
      return { got, tried: Object.keys(attempts).length }
    }, served.url)
    expect(tried).toEqual({ got: [], tried: 5 })
    expect(served.asked.slice(before)).toEqual([])
  })

  test('the page itself runs no text, makes no markup of it, and asks nobody', async () => {
    const got = await page.evaluate(async (url) => {
      await new Promise((resolve) => setTimeout(resolve))
      const attempts: Record<string, () => unknown> = {
        // oxlint-disable-next-line no-eval -- what must not work
        eval: () => (0, eval)('1'),
        // oxlint-disable-next-line no-implied-eval -- what must not work
        Function: () => new Function('1'),
        innerHTML: () => (document.body.innerHTML = '<p>'),
        worker: () => new Worker(URL.createObjectURL(new Blob(['1']))),
        fetch: () => fetch(`${url}?leak`),
      }
      const through: string[] = []
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          await attempt()
          through.push(name)
        } catch {}
      }
      return through
    }, served.url)
    expect(got).toEqual([])
    expect(served.asked.filter((path) => path.includes('leak'))).toEqual([])
  })

  test('can be used without a mouse, and says what it is doing', async () => {
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('file')
    const label = await page
      .locator('#file')
      .evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent)
    expect(label?.replace(/\s+/g, ' ').trim()).toBe('Choose a CAR file or drop one here')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('limit')
    expect(await page.locator('#status').getAttribute('role')).toBe('status')
    // A phone: nothing is wider than the page.
    await page.setViewportSize({ width: 320, height: 640 })
    await give(await carOf(await forged(source(one, 'ada'), 'answer')))
    await verdicts()
    await page.locator('summary').first().click()
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    expect(inner).toBeLessThanOrEqual(outer ?? 0)
  })

  test('a file that is dropped anywhere is taken', async () => {
    const car = await carOf(source(one, 'bob'))
    const transfer = await page.evaluateHandle(
      (bytes) => {
        const data = new DataTransfer()
        data.items.add(new File([new Uint8Array(bytes)], 'dropped.car'))
        return data
      },
      [...car],
    )
    await page.dispatchEvent('footer, .proof', 'drop', { dataTransfer: transfer })
    expect((await verdicts()).chains).toEqual([['bob', 'verified']])
    expect(await page.locator('#name').innerText()).toContain('dropped.car')
  })
})
