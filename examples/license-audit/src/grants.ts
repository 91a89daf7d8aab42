import type { ManifestActor } from '@theater/cli'
import { shown } from '@theater/example-kit/shown'
import { megabytes } from '@theater/example-kit/screen'

/** What an actor may, as a person would say it. What stands in no grant is not there: nobody is given it. */
export function inWords(grants: ManifestActor['grants']): readonly string[] {
  const words = Object.entries(grants).map(([handler, grant]): string => {
    const { mounts, to, maxBytes, labels, serve } = grant as { readonly [key: string]: unknown }
    switch (handler) {
      case 'fs':
        return Object.entries(mounts as Record<string, { host: string; rights: string }>)
          .map(
            ([guest, { host, rights }]) => `${rights === 'r' ? 'read' : 'change'} ${shown(host)} as ${guest}`,
          )
          .join(', ')
      case 'http':
        return `answer HTTP requests to this machine ${(serve as { path: string }[]).map(({ path }) => (path === '/' ? '' : `below ${path}`)).join(' and ')}`.trim()
      case 'messaging':
        return `write to ${(to as string[]).join(' and ')}`
      case 'store':
        return `keep ${megabytes(Number(maxBytes))} under ${String(labels)}`
      default:
        return handler
    }
  })
  return words.length === 0 ? ['answer, and nothing else'] : words
}
