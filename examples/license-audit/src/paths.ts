import { join } from 'node:path'

/** A path in this example. */
export function home(...parts: string[]): string {
  return join(import.meta.dirname, '..', ...parts)
}

/** The files of a data folder: laid out as `theater` does, so that its commands can look into it. */
export function dataFiles(folder: string) {
  return {
    chains: join(folder, 'theater.db'),
    store: join(folder, 'store.db'),
    cache: process.env['THEATER_CACHE'] || join(folder, 'cache'),
    lock: join(folder, 'lock'),
    key: join(folder, 'host.key'),
    report: { html: join(folder, 'report.html'), json: join(folder, 'report.json') },
    car: join(folder, 'audit.car'),
    tampered: join(folder, 'audit-tampered.car'),
    /** Written when everything was shown: the next start begins a new audit. */
    finished: join(folder, 'finished'),
  } as const
}
