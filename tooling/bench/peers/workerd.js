// The durable counter as a Durable Object: its answer waits until what it put is stored.
import { DurableObject } from 'cloudflare:workers'

export class Counter extends DurableObject {
  async fetch() {
    const count = ((await this.ctx.storage.get('count')) ?? 0) + 1
    await this.ctx.storage.put('count', count)
    return new Response(String(count))
  }
}

export default {
  fetch: (request, env) => env.counters.getByName(new URL(request.url).pathname).fetch(request),
}
