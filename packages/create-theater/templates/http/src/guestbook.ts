import { defineActor } from '@theater/actor'
import { page, type Entry } from './page.ts'

/** How much it keeps: what comes from outside must not fill its memory. */
const most = { entries: 100, name: 40, text: 500 }

export default defineActor({
  uses: ['log'],
  state: { entries: [] as Entry[] },
  async fetch({ state, log }, request) {
    const { pathname } = new URL(request.url)
    const route = `${request.method} ${pathname}`
    switch (route) {
      case 'GET /':
        return page(state.entries)
      case 'GET /entries':
        return Response.json(state.entries)
      case 'POST /entries': {
        // A page of another site could have its readers send its form here.
        if (request.headers.get('sec-fetch-site') === 'cross-site')
          return refused(403, 'not from another site')
        const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
        if (type !== 'application/x-www-form-urlencoded') return refused(415, 'send a form, URL-encoded')
        const form = new URLSearchParams(await request.text())
        const name = lineOf(form.get('name'), most.name)
        if (name === undefined) return refused(422, `name: 1 to ${most.name} characters`)
        const text = lineOf(form.get('text'), most.text)
        if (text === undefined) return refused(422, `text: 1 to ${most.text} characters`)
        // The date is the turn's: a re-run has the same.
        state.entries = [{ name, text, at: new Date().toISOString() }, ...state.entries].slice(
          0,
          most.entries,
        )
        log.info('signed', { name, entries: state.entries.length })
        return new Response(null, { status: 303, headers: { location: '/' } })
      }
      default:
        return pathname === '/' || pathname === '/entries'
          ? refused(405, `${request.method} is not for ${pathname}`)
          : refused(404, 'there is no such page')
    }
  },
})

/** One line of text: what cannot be seen becomes a space. Undefined if there is none, or too much of it. */
function lineOf(value: string | null, longest: number): string | undefined {
  const line = (value ?? '').replaceAll(/[^!-~\u00a1-\uffff]+/g, ' ').trim()
  return line === '' || line.length > longest ? undefined : line
}

function refused(status: number, why: string): Response {
  return new Response(`${why}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
}
