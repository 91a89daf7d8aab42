import { createServer } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { cGuest } from '@theater/guests'
import { describe, expect, it } from 'vitest'
import { Going } from './support/going.ts'
import { folder, objects, start, theater } from './support/theater.ts'

const SERVING = `[http]
listen = "127.0.0.1:0"

[actor.web]
component = "web.wasm"

[[actor.web.grants.http.serve]]
path = "/"
`

async function get(url: string, path: string): Promise<string> {
  const response = await fetch(url + path, { headers: { connection: 'close' } })
  return response.text()
}

const site = (manifest = SERVING): string => folder({ 'theater.toml': manifest, 'web.wasm': cGuest('web') })

describe('run MANIFEST of an actor that answers requests', () => {
  it('goes on until it is told to end, and the next run goes on from there', async () => {
    const cwd = site()
    const first = new Going(start(['run', 'theater.toml'], { cwd }))
    expect(await get(await first.url, '/count')).toBe('1')
    expect(await first.end('SIGTERM')).toBe(0)
    expect(first.stdout).toMatch(/^ACTOR +STATE[^]*web +idle/)
    const again = new Going(start(['run', 'theater.toml', '--listen', '[::1]:0'], { cwd }))
    expect(await again.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect(await get(await again.url, '/count')).toBe('2')
    expect(await again.end('SIGINT')).toBe(0)
    expect(again.stderr).toContain('web is back, after ')
    const ran = await theater(['ps', '--json'], { cwd })
    expect(objects(ran)).toMatchObject([{ actor: 'web', state: 'idle' }])
    expect((await theater(['verify', 'web'], { cwd })).code).toBe(0)
  })

  it('answers what is under way before it ends', async () => {
    const going = new Going(start(['run', 'theater.toml'], { cwd: site() }))
    const { port } = new URL(await going.url)
    const socket = connect(Number(port), '127.0.0.1')
    let received = ''
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await once(socket, 'data')
    }
    socket.setEncoding('latin1').on('data', (text: string) => (received += text))
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\nhalf',
    )
    await until(() => received.includes('100 Continue'))
    const ended = going.end('SIGTERM')
    await going.heard('interrupted')
    socket.write('HALF')
    await until(() => received.endsWith('halfHALF'))
    expect(await ended).toBe(0)
  })

  it('says that the port is in use, and what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const ran = await theater(['run', 'theater.toml', '--listen', `127.0.0.1:${port}`], { cwd: site() })
    taken.close()
    expect(ran.stderr).toBe(
      `theater: http cannot listen on 127.0.0.1:${port}: the port is in use. \`--listen HOST:PORT\` takes another.\n`,
    )
    expect(ran.code).toBe(3)
  })

  it.each(['8080', 'localhost', '127.0.0.1:99999', 'http://127.0.0.1:80', ':80', ''])(
    'takes no --listen %j',
    async (at) => {
      const ran = await theater(['run', 'theater.toml', '--listen', at], { cwd: site() })
      expect(ran.stderr).toContain('is no HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080')
      expect(ran.code).toBe(2)
    },
  )

  it('says where in the manifest a route is that another actor has', async () => {
    const more = `\n[actor.other]\ncomponent = "web.wasm"\n\n[[actor.other.grants.http.serve]]\npath = "/"\n`
    const ran = await theater(['run', 'theater.toml'], { cwd: site(SERVING + more) })
    expect(ran.stderr).toMatch(
      /theater\.toml:1[0-9]:\d+: other is granted to answer requests to \/, and so is web\. Take it from one of them/,
    )
    expect(ran.code).toBe(3)
  })

  it('is not reached while `call` has the folder', async () => {
    const cwd = site()
    const first = new Going(start(['run', 'theater.toml'], { cwd }))
    await first.url
    await first.end('SIGTERM')
    const ran = await theater(['call', 'web', 'nothing'], { cwd })
    expect(ran.stderr).not.toContain('listening')
    expect(ran.code).not.toBe(0)
  })
})
