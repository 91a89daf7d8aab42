import { tmpdir } from 'node:os'

/** The engine's own script where stacks name it. */
const engineScript = 'engine.js'

const end = '/sources/initializer.js'
const random = 12

/**
 * Gives the engine's own script one name in all builds. componentize-js has it in a folder of a random name, which comes into
 * stacks, and from there into records: with the name of the builder's temporary folder, and another one for each build.
 *
 * The name is in the heap image, as C strings that stacks are made of; a shorter one ends in zeros, so that nothing moves.
 */
export function hideEnginePath(component: Uint8Array, folder = tmpdir()): void {
  const bytes = Buffer.from(component.buffer, component.byteOffset, component.byteLength)
  const start = Buffer.from(`${folder.replaceAll('\\', '/').replace(/\/$/, '')}/`)
  for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + 1)) {
    const name = at - random
    const from = name - start.length
    const behind = at + end.length
    if (from < 0 || !bytes.subarray(from, name).equals(start)) continue
    if (!/^[0-9a-f]+$/.test(bytes.toString('latin1', name, at))) continue
    if (bytes[from - 1] === 0 && bytes[behind] === 0) {
      bytes.fill(0, from, behind)
      bytes.write(engineScript, from, 'latin1')
    } else bytes.fill('0', name, at)
  }
}
