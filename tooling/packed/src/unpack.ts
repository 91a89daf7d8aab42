import { gunzipSync } from 'node:zlib'

/** The files of a package, by path inside it. */
export type Files = ReadonlyMap<string, Buffer>

/** Reads a package's tarball. npm's are plain: files with a path of at most 255 bytes under one folder. */
export function unpack(tarball: Uint8Array): Files {
  const tar = gunzipSync(tarball)
  const files = new Map<string, Buffer>()
  let at = 0
  while (at + 512 <= tar.length && tar[at] !== 0) {
    const text = (from: number, length: number) =>
      tar.toString('utf8', at + from, at + from + length).split('\0')[0] ?? ''
    const size = Number.parseInt(text(124, 12), 8)
    const prefix = text(345, 155)
    const path = `${prefix === '' ? '' : `${prefix}/`}${text(0, 100)}`
    const kind = text(156, 1)
    const body = tar.subarray(at + 512, at + 512 + size)
    if (kind === '0' || kind === '') files.set(path.slice(path.indexOf('/') + 1), body)
    else if (kind !== '5') throw new Error(`${path}: a tar entry of kind ${kind}`)
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
