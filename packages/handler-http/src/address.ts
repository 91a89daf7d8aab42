import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * What is not the public internet, by the IANA registries of special-purpose addresses:
 * https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry.
 */
const SPECIAL_4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Within `2000::/3`, the only block that is handed out. */
const SPECIAL_6: readonly (readonly [string, number])[] = [
  // Teredo, benchmarking, ORCHID and others.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 wraps an IPv4 address, and nobody relays it any more.
  ['2002::', 16],
  ['3fff::', 20],
]

/** Blocks that wrap an IPv4 address in their last four bytes: IPv4-mapped, and NAT64 (RFC 6052). */
const WRAPPING: readonly (readonly [string, number])[] = [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
]

const special4 = blocks('ipv4', SPECIAL_4)
const special6 = blocks('ipv6', SPECIAL_6)
const wrapping = blocks('ipv6', WRAPPING)
const unicast6 = blocks('ipv6', [['2000::', 3]])

function blocks(family: 'ipv4' | 'ipv6', subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, family)
  return list
}

/**
 * Whether an address is one of the public internet. What is not known to be is not: loopback, private, link-local
 * (cloud metadata services), shared, documentation, multicast and reserved blocks, and IPv6 forms that wrap one of them.
 *
 * @param address as the platform writes it, maybe with a zone (`fe80::1%eth0`)
 */
export function isPublicAddress(address: string): boolean {
  const [bare = ''] = address.split('%')
  if (isIPv4(bare)) return !special4.check(bare, 'ipv4')
  if (!isIPv6(bare)) return false
  if (wrapping.check(bare, 'ipv6')) return isPublicAddress(lastFour(bare))
  return unicast6.check(bare, 'ipv6') && !special6.check(bare, 'ipv6')
}

/** The IPv4 address in the last four bytes of an IPv6 address. */
function lastFour(address: string): string {
  // The parser of URLs writes any form of an IPv6 address in one way, without a dotted part.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail = ''] = canonical.split('::')
  const groups = (tail === '' && !canonical.includes('::') ? head : tail)
    .split(':')
    .filter((group) => group !== '')
  const [high = 0, low = 0] = ['0', '0', ...groups].slice(-2).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}
