/** Chromium, where it is installed. */
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const named = process.env['THEATER_CHROMIUM'] || '/usr/bin/chromium'

/** The Chromium of this machine, or the one that THEATER_CHROMIUM names; undefined where there is none. */
export const executablePath = existsSync(named) ? named : undefined

/** Starts it, without a window and without any connection of its own. Its profile is a new folder, gone in the end. */
export async function launch(): Promise<Browser> {
  if (executablePath === undefined) throw new TypeError(`there is no Chromium at ${named}`)
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
