// A client in a thread of its own: what it costs falls on nobody's figures but its own, the same for all.
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { Asked } from './http-thread.ts'

/** One request. Answers the milliseconds that it took. */
function once(url: string, agent: Agent): Promise<number> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} was answered with ${response.statusCode}`))
      response.on('error', reject)
      response.on('end', () => resolve(performance.now() - started))
      response.resume()
    }).on('error', reject)
  })
}

parentPort?.on('message', (asked: Asked) => {
  if (asked.tag === 'listen') {
    const body = 'x'.repeat(1024)
    const server = createServer((_request, response) => response.end(body))
    server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
    return
  }
  const { urls, n, clients } = asked
  const latencies: number[] = []
  let left = n
  // Connections of a run before would have been closed while others ran.
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const client = async (): Promise<void> => {
    while (left-- > 0) latencies.push(await once(urls[left % urls.length] ?? '', agent))
  }
  const started = performance.now()
  Promise.all(Array.from({ length: clients }, client)).then(
    () => {
      parentPort?.postMessage({ ms: performance.now() - started, latencies })
      agent.destroy()
    },
    (error: unknown) => {
      throw error
    },
  )
})
