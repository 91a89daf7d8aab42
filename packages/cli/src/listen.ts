import type { ListenOptions } from '@theater/handler-http'
import { CliError } from './errors.ts'

/** Where requests come in when nobody says. */
export const DEFAULT_LISTEN = '127.0.0.1:8080'

/** Reads `HOST:PORT`. @throws CliError `usage` */
export function listenAt(text: string): ListenOptions {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port <= 65_535)) {
    throw new CliError(
      'usage',
      `${JSON.stringify(text)} is no HOST:PORT, such as ${DEFAULT_LISTEN} or [::1]:8080`,
    )
  }
  return { host, port }
}
