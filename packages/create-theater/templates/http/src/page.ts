/** What somebody wrote. */
export type Entry = { name: string; text: string; at: string }

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

const style = 'body { font: 16px/1.5 system-ui; max-width: 34em; margin: 3em auto } input { font: inherit }'

/** The page: a form, and what was written, the newest first. */
export function page(entries: readonly Entry[]): Response {
  const items = entries.map(
    ({ name, text, at }) => `<li><b>${escape(name)}</b> ${escape(text)} <small>${escape(at)}</small></li>`,
  )
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Guest book</title>
<style>${style}</style>
<h1>Guest book</h1>
<form method="post" action="/entries">
  <input name="name" placeholder="Name" maxlength="40" required>
  <input name="text" placeholder="What you think" maxlength="500" required>
  <button>Sign</button>
</form>
<ol reversed>
${items.join('\n')}
</ol>
</html>
`
  return new Response(body, { headers })
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** What people wrote is text, never markup. */
function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
