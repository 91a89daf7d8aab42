import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for `diskCache` that all tests share, so that one guest is transpiled once: the one of the `theater` command, where they name it. */
export const transpiled = process.env['THEATER_CACHE'] ?? join(tmpdir(), 'theater-transpiled')
