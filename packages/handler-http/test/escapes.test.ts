import { once } from 'node:events'
import { get as ask, type IncomingMessage } from 'node:http'
import type { LookupFunction } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpGrant, Outgoing } from '../src/index.ts'
import { Network, type Wanted } from '../src/network.ts'
import {
  bodyOf,
  client,
  everything,
  fetch,
  request,
  response,
  serve,
  thrown,
  untouched,
  type Local,
} from './support.ts'

const DENIED = { tag: 'HTTP-request-denied' }
const PROHIBITED = { tag: 'destination-IP-prohibited' }

/** A resolver that answers one address after another, the last one for ever. */
function resolving(...addresses: readonly string[]): LookupFunction & { readonly asked: string[] } {
  const asked: string[] = []
  let turn = 0
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname)
    const address = addresses[Math.min(turn++, addresses.length - 1)] ?? ''
    const family = address.includes(':') ? 6 : 4
    if (options.all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
  return Object.assign(lookup, { asked })
}

/** A grant for everything, on the public internet. */
function publicly(...origins: readonly string[]): HttpGrant {
  return { out: origins.map((origin) => ({ origin, methods: ['*'], paths: ['/'] })) }
}

describe('an address that is not of the public internet', () => {
  const literals = [
    ['loopback', '127.0.0.1'],
    ['loopback, another', '127.9.9.9'],
    ['as one decimal number', '2130706433'],
    ['in octal', '0177.0.0.1'],
    ['in hexadecimal', '0x7f000001'],
    ['shortened', '127.1'],
    ['any address', '0.0.0.0'],
    ['any address, shortened', '0'],
    ['a private network', '10.1.2.3'],
    ['a private network, 172.16/12', '172.31.255.255'],
    ['a private network, 192.168/16', '192.168.1.1'],
    ['the metadata service of a cloud', '169.254.169.254'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['broadcast', '255.255.255.255'],
    ['multicast', '224.0.0.1'],
    ['IPv6 loopback', '[::1]'],
    ['IPv6 any address', '[::]'],
    ['IPv6 link-local', '[fe80::1]'],
    ['IPv6 unique local', '[fd00::1]'],
    ['IPv4 in IPv6', '[::ffff:127.0.0.1]'],
    ['IPv4 in IPv6, in hexadecimal', '[::ffff:7f00:1]'],
    ['IPv4 in IPv6, the deprecated form', '[::127.0.0.1]'],
    ['NAT64 of a private one', '[64:ff9b::a00:1]'],
    ['6to4 of a private one', '[2002:7f00:1::]'],
    ['the metadata service, IPv6', '[fd00:ec2::254]'],
  ] as const

  it.each(literals)('in the place of a name: %s', async (_what, host) => {
    const { reached, listening } = untouched()
    await using server = await listening
    const authority = `${host}:${server.port}`
    await using actor = await client(publicly(`http://*:${server.port}`))
    expect(await thrown(() => actor.handle(request(actor, { authority })))).toEqual(DENIED)
    expect(reached).toEqual([])
  })

  const resolved = literals
    .map(([, host]) => host.replace(/^\[|\]$/g, ''))
    .filter((host) => /^\d+(\.\d+){3}$|:/.test(host))
  it.each(resolved)('behind a name: %s', async (address) => {
    const { reached, listening } = untouched()
    await using server = await listening
    const lookup = resolving(address)
    await using actor = await client(publicly(`http://*.example.com:${server.port}`), { lookup })
    expect(await fetch(actor, { authority: `rebind.example.com:${server.port}` })).toEqual(PROHIBITED)
    expect(lookup.asked).toEqual(['rebind.example.com'])
    expect(reached).toEqual([])
  })

  it('behind the name localhost, as the system resolves it', async () => {
    const { reached, listening } = untouched()
    await using server = await listening
    await using actor = await client(publicly(`http://localhost:${server.port}`))
    expect(await fetch(actor, { authority: `localhost:${server.port}` })).toEqual(PROHIBITED)
    expect(reached).toEqual([])
  })

  describe('where 127.0.0.1 stands for a public address, and 127.0.0.2 for a private one', () => {
    const isPublic = (address: string): boolean => address === '127.0.0.1'

    async function get(network: Network, { port }: Local): Promise<string> {
      const wanted: Wanted = {
        agent: network.pool('http:', false),
        host: 'rebind.example.com',
        port,
        // Not kept: the next request resolves again.
        headers: { connection: 'close' },
        abandoned: new AbortController().signal,
      }
      const asked = ask(wanted)
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      return bodyOf(answer)
    }

    it('that a name leads to at the second time is not connected to', async () => {
      const { reached, listening } = untouched()
      await using server = await listening
      const lookup = resolving('127.0.0.1', '127.0.0.2')
      const network = new Network(lookup, isPublic)
      expect(await get(network, server)).toBe('reached')
      await expect(get(network, server)).rejects.toThrow('the address is not of the public internet')
      // Once for each connection: no other answer can come between looking and connecting.
      expect(lookup.asked).toHaveLength(2)
      expect(reached).toEqual(['GET /'])
      network.end()
    })

    it('that comes beside the other in one answer is left out', async () => {
      const { reached, listening } = untouched()
      await using server = await listening
      const lookup: LookupFunction = (_hostname, _options, callback) =>
        callback(null, [
          { address: '127.0.0.2', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ])
      const network = new Network(lookup, isPublic)
      expect(await get(network, server)).toBe('reached')
      expect(reached).toEqual(['GET /'])
      network.end()
    })

    it('that a connection ends at nevertheless is closed before anything is written', async () => {
      const { reached, listening } = untouched()
      await using server = await listening
      // What was public when it was resolved is not when it is connected.
      let looked = 0
      const network = new Network(resolving('127.0.0.1'), () => looked++ === 0)
      await expect(get(network, server)).rejects.toThrow('the address is not of the public internet')
      expect(looked).toBe(2)
      expect(reached).toEqual([])
      network.end()
    })
  })

  it('by way of a redirect: each hop is a request of its own, and is checked', async () => {
    const { reached, listening } = untouched()
    await using inner = await listening
    await using outer = await serve((_req, res) =>
      res.writeHead(302, { location: `${inner.origin}/secret` }).end(),
    )
    await using actor = await client(everything(outer.origin))
    const got = await response(await actor.handle(request(actor, { authority: outer.authority })))
    // Nobody followed it by itself.
    expect(got.status()).toBe(302)
    expect(reached).toEqual([])
    const [location] = got.headers().get('location')
    const next = new URL(String(Buffer.from(location ?? [])))
    const hop = request(actor, { authority: next.host, path: next.pathname })
    expect(await thrown(() => actor.handle(hop))).toEqual(DENIED)
    expect(reached).toEqual([])
  })

  it('stays out of reach beside an origin for which it was granted', async () => {
    const { reached, listening } = untouched()
    await using granted = await serve((_req, res) => res.end('granted'))
    await using other = await listening
    const grant = {
      out: [...(everything(granted.origin).out ?? []), ...(publicly(`http://*:${other.port}`).out ?? [])],
    }
    await using actor = await client(grant)
    expect(await fetch(actor, { authority: granted.authority })).toEqual({ status: 200, text: 'granted' })
    expect(await thrown(() => actor.handle(request(actor, { authority: other.authority })))).toEqual(DENIED)
    expect(reached).toEqual([])
  })
})

describe('another place than it says', () => {
  const granted = publicly('https://api.example.com', 'https://*.cdn.example.com')

  it.each([
    ['a user name before the host', 'api.example.com@evil.example'],
    ['a user name and a password', 'user:password@api.example.com'],
    ['a path in the authority', 'api.example.com/../evil'],
    ['a backslash', 'api.example.com\\@evil.example'],
    ['a query', 'api.example.com?@evil.example'],
    ['a fragment', 'api.example.com#@evil.example'],
    ['a line break', 'api.example.com\r\nx-injected: 1'],
    ['a tab', 'api.exam\tple.com'],
    ['a NUL', 'api.example.com\0.evil.example'],
    ['an escaped character', 'api%2eexample.com'],
    ['Unicode that looks like ASCII', 'аpi.example.com'],
    ['Unicode digits that are normalised', '①②⑦.⓪.⓪.①'],
    ['a full-width dot', 'api。example。com'],
    ['two ports', 'api.example.com:443:80'],
    ['port 0', 'api.example.com:0'],
    ['a port that is too high', 'api.example.com:65536'],
    ['nothing', ''],
  ])('an authority with %s is none', async (_what, authority) => {
    await using actor = await client(granted)
    const made = actor.types['[constructor]outgoing-request'](actor.types['[constructor]fields']())
    expect(await thrown(() => made.setAuthority(authority))).toBeUndefined()
    expect(made.authority()).toBeUndefined()
    expect(await thrown(() => actor.handle(made))).toEqual({ tag: 'HTTP-request-URI-invalid' })
  })

  it.each([
    ['another host', 'evil.example'],
    ['a host that ends like it', 'evilapi.example.com'],
    ['a host that begins like it', 'api.example.com.evil.example'],
    ['a dot at the end', 'api.example.com.'],
    ['punycode of what looks like it', 'xn--pi-7kc.example.com'],
    ['another port', 'api.example.com:8443'],
    ["the other scheme's port", 'api.example.com:80'],
    ['the domain itself, where what is below it is granted', 'cdn.example.com'],
    ['a host that ends like the domain', 'evilcdn.example.com'],
  ])('%s is not granted', async (_what, authority) => {
    await using actor = await client(granted)
    expect(await thrown(() => actor.handle(request(actor, { scheme: 'HTTPS', authority })))).toEqual(DENIED)
  })

  it('the same host without TLS is not granted', async () => {
    await using actor = await client(granted)
    const made = { scheme: 'HTTP', authority: 'api.example.com' } as const
    expect(await thrown(() => actor.handle(request(actor, made)))).toEqual(DENIED)
  })

  it('another scheme is none', async () => {
    await using actor = await client(granted)
    for (const scheme of ['file', 'ftp', 'ws']) {
      const made = request(actor, { authority: 'api.example.com' })
      made.setScheme({ tag: 'other', val: scheme })
      expect(await thrown(() => actor.handle(made))).toEqual({ tag: 'HTTP-request-URI-invalid' })
    }
  })

  it('the same host in capitals, and with the port of the scheme, is the same', async () => {
    const lookup = resolving('127.0.0.1')
    await using actor = await client(granted, { lookup })
    for (const authority of ['API.Example.COM', 'api.example.com:443', 'a.b.cdn.example.com']) {
      expect(await fetch(actor, { scheme: 'HTTPS', authority })).toEqual(PROHIBITED)
    }
  })

  it('CONNECT makes no tunnel, whatever it is called', async () => {
    const { reached, listening } = untouched()
    await using server = await listening
    await using actor = await client(everything(server.origin))
    for (const method of ['CONNECT', 'connect', 'Connect']) {
      const made = request(actor, { method, authority: server.authority })
      expect(await thrown(() => actor.handle(made))).toMatchObject({
        tag: /HTTP-request-(denied|method-invalid)/,
      })
    }
    expect(reached).toEqual([])
  })

  it('a method with a line break in it is none', async () => {
    await using actor = await client(granted)
    const made = request(actor, { authority: 'api.example.com' })
    for (const val of ['GET /admin HTTP/1.1\r\nx: ', 'GET ', '', 'GÉT']) {
      expect(await thrown(() => made.setMethod({ tag: 'other', val }))).toBeUndefined()
    }
  })
})

describe('another path than it says', () => {
  const entry = (origin: string): Outgoing => ({
    origin,
    methods: ['GET'],
    paths: ['/api', '/v1/'],
    'private-network': true,
  })

  it.each([
    '/',
    '/admin',
    '/apiary',
    '/API/x',
    '/v1',
    '/api/../admin',
    '/api/..',
    '/api/./../admin',
    '/api/%2e%2e/admin',
    '/api/%2E%2e%2fadmin',
    '/api/%252e%252e/admin',
    '/api/..%2fadmin',
    '/api/..;/admin',
    '/api/.%2e;x=1/admin',
    '/api/..\\admin',
    '/api\\..\\admin',
    '/api/..%5cadmin',
    '/api//admin',
    '//admin/api',
    '//evil.example/api/x',
    '/api/%2f%2fadmin',
    '/%61pi/x',
  ])('%s is not below /api', async (path) => {
    const { reached, listening } = untouched()
    await using server = await listening
    await using actor = await client({ out: [entry(server.origin)] })
    expect(await thrown(() => actor.handle(request(actor, { authority: server.authority, path })))).toEqual(
      DENIED,
    )
    expect(reached).toEqual([])
  })

  it.each([
    '/api',
    '/api/',
    '/api/x',
    '/api/x/',
    '/api/a%20b',
    '/api/a%2Fb',
    '/api?a=/../admin',
    '/v1/x.y..z',
  ])('%s is below it, and arrives as it was written', async (path) => {
    await using server = await serve((req, res) => res.end(req.url))
    await using actor = await client({ out: [entry(server.origin)] })
    expect(await fetch(actor, { authority: server.authority, path })).toEqual({ status: 200, text: path })
  })

  it.each([
    ['an absolute form', 'http://evil.example/api'],
    ['no slash', 'api'],
    ['an asterisk', '*'],
    ['a space', '/api HTTP/1.1'],
    ['a line break', '/api\r\nhost: evil.example'],
    ['a NUL', '/api\0'],
    ['a fragment', '/api#/../admin'],
    ['Unicode', '/api/\u{ff0e}\u{ff0e}/admin'],
  ])('with %s is none', async (_what, path) => {
    await using actor = await client(publicly('https://api.example.com'))
    const made = request(actor, { authority: 'api.example.com' })
    expect(await thrown(() => made.setPathWithQuery(path))).toBeUndefined()
  })
})
