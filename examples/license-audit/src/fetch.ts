import { writeFileSync } from 'node:fs'
import { printable } from '@theater/handler-log'
import type { Summary } from '../actors/protocol.ts'
import { askHttp } from './ask-http.ts'
import type { Answered, Asked } from './ask-http.ts'
import { shown } from '@theater/example-kit/shown'
import { counted, number } from '@theater/example-kit/screen'
import type { Screen } from '@theater/example-kit/screen'
import type { Stage } from './stage.ts'

/** A request, the status that it must get, and what is to be said of the answer. Throws where that is not right. */
interface Try {
  readonly ask: Asked
  readonly status: number
  readonly said: (answered: Answered) => string
}

/**
 * Fetches the report from the reporter, as any client would, and what nobody should get. Puts the report where a person
 * can open it. Gives the number of requests that reached the reporter.
 */
export async function fetchReport(stage: Stage, screen: Screen): Promise<number> {
  const url = stage.url
  const summary = (await stage.ask('reporter', 'summary')) as Summary
  const stored = await stage.ask('auditor', 'report')
  if (!(stored instanceof Uint8Array)) throw new Error('the report is not bytes')
  const { files } = stage

  const tries: readonly Try[] = [
    {
      ask: { path: '/' },
      status: 200,
      said: ({ headers, body }) => {
        if (!String(headers['content-security-policy']).startsWith("default-src 'none'"))
          throw new Error('the page is without a policy')
        writeFileSync(files.report.html, body)
        return printable(/<title>([^<]*)<\/title>/.exec(body.toString())?.[1] ?? '')
      },
    },
    {
      ask: { path: '/report.json' },
      status: 200,
      said: ({ body }) => {
        if (!body.equals(stored))
          throw new Error('the report is not the one that the auditor put into the store')
        writeFileSync(files.report.json, body)
        return 'as the auditor put it into the store'
      },
    },
    {
      ask: { path: '/summary' },
      status: 200,
      said: ({ body }) => {
        const { packages } = JSON.parse(body.toString()) as Summary
        if (packages !== summary.packages) throw new Error('the summary is not the one of the message')
        return counted(packages, 'package')
      },
    },
    { ask: { path: '/../../etc/passwd' }, status: 404, said: () => 'no such page' },
    {
      ask: { method: 'DELETE', path: '/' },
      status: 405,
      said: ({ headers }) => `allowed is ${printable(headers.allow ?? '')}`,
    },
    {
      ask: { path: '/', host: 'evil.example' },
      status: 421,
      said: () => 'another host: the reporter does not see it',
    },
  ]

  screen.line(screen.style('bold', url))
  screen.line()
  const rows: (readonly string[])[] = []
  for (const { ask, status, said } of tries) {
    const answered = await askHttp(url, ask)
    const { method = 'GET', path, host } = ask
    const what = `${method} ${path}${host === undefined ? '' : ` of ${host}`}`
    if (answered.status !== status) throw new Error(`${what} got ${answered.status}, not ${status}`)
    rows.push([
      what,
      screen.style(status < 400 ? 'green' : 'yellow', String(status)),
      printable(answered.headers['content-type'] ?? ''),
      number(answered.body.length),
      screen.style('dim', said(answered)),
    ])
  }
  screen.table(['REQUEST', 'STATUS', 'TYPE', 'BYTES>', ''], rows)
  screen.line()
  screen.line(`The page, as it came: ${screen.style('bold', shown(files.report.html))}`)
  // The host refuses who asks for another host, before there is a turn.
  return tries.filter(({ status }) => status !== 421).length
}
