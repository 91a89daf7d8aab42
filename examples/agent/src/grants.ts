import { megabytes, number } from '@theater/example-kit/screen'
import { shown } from '@theater/example-kit/shown'
import type { HttpGrant } from '@theater/handler-http'
import type { ManifestActor } from '@theater/cli'

/** What an actor may, as a person would say it. What stands in no grant is not there: nobody is given it. */
export function inWords({ id, grants }: ManifestActor): readonly string[] {
  return Object.entries(grants).flatMap(([handler, grant]): readonly string[] => {
    const { mounts, to, maxBytes, labels } = grant as { readonly [key: string]: unknown }
    switch (handler) {
      case 'http':
        return requests(grant as HttpGrant)
      case 'fs':
        return Object.entries(mounts as Record<string, { host: string; rights: string }>).map(
          ([guest, { host, rights }]) => `${rights === 'r' ? 'read' : 'change'} ${shown(host)} as ${guest}`,
        )
      case 'messaging':
        return [
          `write to ${(to as string[]).map((other) => (other === id ? 'itself' : other)).join(' and ')}`,
        ]
      case 'store':
        return [`keep ${megabytes(Number(maxBytes))} under ${String(labels)}`]
      default:
        return [handler]
    }
  })
}

function requests({ out = [], limits = {} }: HttpGrant): readonly string[] {
  const words = out.flatMap(({ origin, methods = [], paths = [], headers = {} }) => [
    `${methods.join(' and ')} to ${paths.map((path) => `${origin}${path}`).join(' and ')}`,
    ...Object.entries(headers).map(
      ([name, { secret }]) => `have the host send ${secret} there as ${name}, and not see it`,
    ),
  ])
  const { 'total-requests': count, 'total-bytes': bytes } = limits
  if (count !== undefined && bytes !== undefined)
    words.push(`make ${number(count)} requests in all, of ${number(bytes)} bytes in both directions`)
  return words
}
