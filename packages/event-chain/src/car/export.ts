import { cidOf, sha256 } from '@theater/values'
import type { Hash } from '@theater/values'
import { hex, sameBytes } from '../cbor-bytes.ts'
import { decodeContent } from '../decode-content.ts'
import { readHere } from '../archived.ts'
import { broken, ChainError } from '../errors.ts'
import { linkedContent, openBody, openHeader } from '../event.ts'
import type { Kind } from '../kinds.ts'
import { encodeSeal } from '../log/seal.ts'
import type { Seal } from '../log/seal.ts'
import type { BlobReader, ChainInfo, ChainReader } from '../store.ts'
import { carHeader, join, sectionHead } from './format.ts'

/** How chains are exported. */
export interface ExportOptions {
  /**
   * Which bodies are left out. Links and proofs stand without them; a re-run is `inconclusive: withheld` from there on.
   *
   * @default none
   */
  readonly withhold?: ((event: { readonly seq: number; readonly kind: Kind }) => boolean) | undefined
  /** Whether the components go into the file. @default true */
  readonly components?: boolean | undefined
  /**
   * What a host signed of these chains: `makeSeal` of `./log`. It goes first. It says which part of a chain goes into the file where that is
   * not all of it: what was not archived, or what is to be.
   *
   * @default none
   */
  readonly seal?: Seal | undefined
  /** @default sha256 of `@theater/values`; `./node` has a faster one */
  readonly hash?: Hash | undefined
}

const chunkLength = 64 * 1024

/**
 * Exports chains as one CAR v1 file, in chunks. The roots are the last headers, and before them the seal, where there is one,
 * which is the first block. Then, chain by chain and event by event:
 * the header, the body, the block that the content stands in; after the genesis body the WIT and the component. A block
 * that is linked to again is not repeated.
 *
 * @throws ChainError `not-found`; `broken` where the store's chain is; `invalid` for no chains
 *
 * @example
 * ```ts
 * await pipeline(exportCar(store, [chain]), createWriteStream('counter.car'))
 * ```
 */
export async function* exportCar(
  store: ChainReader & BlobReader,
  chains: readonly Uint8Array[],
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { seal, hash = sha256 } = options
  const infos: Exported[] = []
  const named = new Set<string>()
  for (const chain of chains) {
    const info = await store.info(chain)
    if (info === undefined) throw new ChainError('not-found', `chain ${hex(chain)} is not here`)
    if (named.has(hex(chain))) throw new ChainError('invalid', 'a chain is named twice')
    named.add(hex(chain))
    infos.push(exported(info, seal))
  }
  const sealed = seal === undefined ? [] : [encodeSeal(seal)]
  const roots = [...sealed.map((bytes) => hash(bytes)), ...infos.map(({ head }) => head)]
  let parts: Uint8Array[] = [carHeader(roots)]
  for (const bytes of sealed) parts.push(sectionHead(cidOf('dag-cbor', hash(bytes)), bytes.length), bytes)
  let length = 0
  for await (const part of sections(store, infos, options)) {
    parts.push(part)
    length += part.length
    if (length < chunkLength) continue
    yield join(parts)
    parts = []
    length = 0
  }
  if (parts.length > 0) yield join(parts)
}

/** What of a chain goes into a file. */
interface Exported extends Pick<ChainInfo, 'chain' | 'head' | 'size' | 'archived'> {
  /** The hash of the event before the part; null where it begins with the chain. */
  readonly last: Uint8Array | null
}

/** @throws ChainError `invalid` where the seal does not say which part there is */
function exported({ chain, head, size, archived }: ChainInfo, seal: Seal | undefined): Exported {
  const part = seal?.parts.find((one) => sameBytes(one.chain, chain))
  const { begin = null, end = null } = part ?? {}
  if ((begin?.size ?? 0) !== (archived?.base ?? 0) || (end?.size ?? 0) > size)
    throw new ChainError(
      'invalid',
      `part of chain ${hex(chain)} was archived: a seal has to say which, and the one that is given does not`,
    )
  const kept = archived === undefined ? {} : { archived }
  const to = end === null ? { head, size } : { head: end.last, size: end.size }
  return { chain, ...to, ...kept, last: begin?.last ?? null }
}

async function* sections(
  store: ChainReader & BlobReader,
  infos: readonly Exported[],
  { withhold, components = true, hash = sha256 }: ExportOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written = new Set<string>()
  async function* blob(cid: Uint8Array, get: () => Promise<Uint8Array | null | undefined>) {
    const key = hex(cid)
    if (written.has(key)) return
    const bytes = await get()
    if (bytes === null || bytes === undefined) return
    written.add(key)
    yield sectionHead(cid, bytes.length)
    yield bytes
  }
  for (const { head, ...info } of infos) {
    const { archived } = info
    let index = 0
    let last = info.chain
    for await (const event of readHere(store, info)) {
      if (index === archived?.lead) index = archived.base
      const opened = openHeader(event.header, index, hash)
      last = opened.hash
      yield sectionHead(cidOf('dag-cbor', opened.hash), event.header.length)
      yield event.header
      const { kind } = opened.header
      if (event.body !== null && withhold?.({ seq: index, kind }) !== true) {
        const { link, content } = openBody(opened, event.body, index, hash)
        yield sectionHead(cidOf('dag-cbor', opened.header.body), event.body.length)
        yield event.body
        const at = index
        const linked = link === null ? null : await linkedContent(link, store, at, hash)
        if (link !== null) yield* blob(cidOf('dag-cbor', link), async () => linked)
        if (kind === 'genesis' && (content ?? linked) !== null) {
          const { wit, component } = decodeContent('genesis', content ?? linked ?? new Uint8Array(0), at)
          yield* blob(wit, () => checked(store, wit, hash))
          if (components) yield* blob(component, () => checked(store, component, hash))
        }
      }
      index++
    }
    if (!sameBytes(last, head)) throw broken('head', `the chain ends here, and not in ${hex(head)}`, index)
  }
}

/** A block of the store, unless it is missing. One that is damaged would make a file that is broken at genesis. */
async function checked(store: BlobReader, cid: Uint8Array, hash: Hash): Promise<Uint8Array | undefined> {
  const bytes = await store.get(cid)
  if (bytes !== undefined && !sameBytes(hash(bytes), cid.subarray(4))) {
    throw broken('digest', `the block ${hex(cid)} does not hash to its name`, 0)
  }
  return bytes
}
