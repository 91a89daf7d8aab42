// Built by fetch.test.ts with componentize-js alone: a component that no kit of ours made.
async function told(request) {
  try {
    const response = await request
    return `${response.status} ${response.headers.get('x-answer')} ${await response.text()}`
  } catch (error) {
    return `failed: ${String(error)}`
  }
}

export const get = (url) => told(fetch(url))
export const post = (url, body) => told(fetch(url, { method: 'POST', body }))
