import type { Finding } from './finding.ts'
import type { Report } from './protocol.ts'
import { pagePolicy, reportHtml, reportJson, summaryOf } from './report.ts'

/** What there is to tell. */
interface Told {
  readonly findings: readonly Finding[]
  /** Null while the audit goes on. */
  readonly report: Report | null
}

interface Page {
  readonly status?: number
  readonly type: string
  readonly policy?: string
  readonly headers?: { readonly [name: string]: string }
  readonly text: string
}

const plain = 'text/plain; charset=utf-8'

/** For what is no page of ours to begin with: a browser that shows it all the same loads and runs nothing. */
const nothing = "default-src 'none'; frame-ancestors 'none'"

const pages: { readonly [path: string]: (told: Told) => Page } = {
  '/': ({ findings, report }) => ({
    type: 'text/html; charset=utf-8',
    policy: `${pagePolicy}; frame-ancestors 'none'`,
    text: reportHtml(findings, report?.date ?? null),
  }),
  '/report.json': ({ findings, report }) =>
    report === null
      ? {
          status: 503,
          type: plain,
          headers: { 'retry-after': '1' },
          text: 'The audit goes on. /summary says how far it is.\n',
        }
      : { type: 'application/json', text: reportJson(findings, report.date) },
  '/summary': ({ findings, report }) => ({
    type: 'application/json',
    text: `${JSON.stringify(summaryOf(findings, report), null, 2)}\n`,
  }),
}

/** Answers a request. Whoever sent it is not known, and gets to read what there is to read. */
export function answer({ method, url }: Pick<Request, 'method' | 'url'>, told: Told): Response {
  const { status = 200, type, policy = nothing, headers, text } = pageFor(method, new URL(url).pathname, told)
  const body = new TextEncoder().encode(text)
  return new Response(method === 'HEAD' ? null : body, {
    status,
    headers: {
      'content-type': type,
      'content-length': String(body.length),
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
      ...headers,
    },
  })
}

function pageFor(method: string, path: string, told: Told): Page {
  // Paths come from clients: `/constructor` must not find a function.
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (page === undefined) {
    return {
      status: 404,
      type: plain,
      text: `There is no such page. There is ${Object.keys(pages).join(', ')}.\n`,
    }
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return {
      status: 405,
      type: plain,
      headers: { allow: 'GET, HEAD' },
      text: 'This page can only be read.\n',
    }
  }
  return page(told)
}
