import { Parser } from 'tar'

/** The files of a package, by path inside it. */
export type Files = ReadonlyMap<string, Buffer>

/** Reads a package's tarball: what is below its one folder. */
export async function unpack(tarball: Uint8Array): Promise<Files> {
  const files = new Map<string, Buffer>()
  const reading: Promise<void>[] = []
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      const path = entry.path.slice(entry.path.indexOf('/') + 1)
      reading.push(entry.concat().then((body) => void files.set(path, body)))
    },
  })
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve).on('error', reject)
  })
  parser.end(Buffer.from(tarball))
  await ended
  await Promise.all(reading)
  return files
}
