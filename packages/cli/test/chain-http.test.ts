import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryStore, readEvents } from '@theater/event-chain'
import { sha256 } from '@theater/event-chain/node'
import { cGuest } from '@theater/guests'
import { http } from '@theater/handler-http'
import { Theater } from '@theater/runtime'
import { expect, it } from 'vitest'
import { eventLine } from '../src/event-line.ts'
import { EventReader } from '../src/event-reader.ts'
import { Output } from '../src/output.ts'
import { describerOf } from '../src/records.ts'

const sink = { write: () => true, once: () => undefined, on: () => undefined }

it('has a request on one line and its response on another, for whoever reads the record', async () => {
  const server = createServer((_req, res) => res.setHeader('x-till', '7').end('paid')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const store = memoryStore()
  await using theater = await Theater.open({ store, handlers: [http()] })
  const out = [{ origin, methods: ['POST'], paths: ['/'], 'private-network': true, 'idempotency-key': true }]
  const { chain } = await theater.spawn({ id: 'a', component: cGuest('poster'), grants: { http: { out } } })
  await theater.call('a', 'post', [[`${origin}/pay?to=me`], '5 euros'])
  server.close()
  server.closeAllConnections()
  const reader = new EventReader(store, chain, await describerOf(store, chain))
  const output = new Output(false, sink, sink)
  const lines: string[] = []
  for await (const event of readEvents(store, chain, 0, undefined, { hash: sha256 }))
    lines.push(eventLine(await reader.say(event), 1, output).replace(/^.{3,5}[0-9a-f]{6,} +/, ''))
  const {
    0: asked = '',
    1: started = '',
    2: answered = '',
  } = lines.filter((line) => /^(call|result)/.test(line))
  expect(asked).toBe(
    `call    theater:http/client@0.1.0#start({"method":"POST","url":"${origin}/pay?to=me","headers":[["content-type","text/plain"]],"body":"5 euros"}, {"timeout-ms":0,"body-bytes":65536}) begins`,
  )
  expect(started).toMatch(/^result +of \d+ → \{"ok":"exchange \d+"\}$/)
  expect(answered).toMatch(
    /^call +theater:http\/client@0\.1\.0#\[static\]exchange\.finish\("exchange \d+"\) → \{"ok":\{"status":200,"headers":\[\["x-till","7"\],.*\],"body":"paid"\}\}$/,
  )
})
