import { cidOf, encodeData, sha256 } from '@theater/values'
import { encodeContent } from '../src/index.ts'
import type { Contents, Genesis, Kind, Salts } from '../src/index.ts'

/** Salts that count, so that two runs of a test make the same bytes. */
export function countingSalts(start = 0): Salts {
  let n = start
  return () => {
    const salt = new Uint8Array(16)
    new DataView(salt.buffer).setUint32(12, n++)
    return salt
  }
}

export const component = new TextEncoder().encode('not really a component')
export const wit = encodeData({ imports: [], exports: [] })

export function genesis(changes: Partial<Genesis> = {}): Genesis {
  return {
    actor: 'counter',
    cause: null,
    component: cidOf('raw', sha256(component)),
    derive: 1,
    format: 1,
    grants: { fs: { mount: '/data' } },
    jco: '1.35.0',
    limits: { fuel: 1000 },
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0.1.0',
    time: 1_790_000_000_000,
    wit: cidOf('dag-cbor', sha256(wit)),
    ...changes,
  }
}

export const seed = { seed: new Uint8Array(32).fill(7) }

export function content<K extends Kind>(kind: K, value: Contents[K]): Uint8Array {
  return encodeContent(kind, value)
}

/** A CBOR array, as the values' codecs make for arguments and results. */
export function values(...items: Parameters<typeof encodeData>[0][]): Uint8Array {
  return encodeData(items)
}
