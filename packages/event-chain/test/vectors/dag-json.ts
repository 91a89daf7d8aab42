// Just enough of DAG-JSON (https://ipld.io/specs/codecs/dag-json/spec/) to write vectors that people can read.
import { CID } from 'multiformats/cid'

export function toDagJson(data: unknown): unknown {
  const cid = CID.asCID(data)
  if (cid !== null) return { '/': cid.toString() }
  if (data instanceof Uint8Array) return { '/': { bytes: Buffer.from(data).toString('base64').replaceAll('=', '') } }
  if (Array.isArray(data)) return data.map(toDagJson)
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, toDagJson(value)]))
}

export function fromDagJson(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(fromDagJson)
  if (typeof json !== 'object' || json === null) return json
  if ('/' in json) {
    const inner = json['/']
    if (typeof inner === 'string') return CID.parse(inner)
    if (typeof inner === 'object' && inner !== null && 'bytes' in inner && typeof inner.bytes === 'string') {
      return new Uint8Array(Buffer.from(inner.bytes, 'base64'))
    }
  }
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fromDagJson(value)]))
}
