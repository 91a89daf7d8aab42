/** Gives the memory of a core module a maximum, so that the engine bounds what a transpilation can take. */
import { leb } from '../small-module.ts'
import { Wire } from '../wire.ts'

const page = 65_536

/** Answers the module with each memory it defines limited to `bytes`; as it is if it defines none. */
export function capMemory(module: Uint8Array, bytes: number): Uint8Array {
  const wire = new Wire(module, 8)
  while (!wire.done) {
    const start = wire.at
    const id = wire.byte()
    const section = wire.range()
    if (id !== 5) continue
    const memories: number[][] = []
    section.each(() => {
      const flags = section.byte()
      const min = section.u32()
      const max = flags & 1 ? section.u32() : 65_536
      const least = Math.max(min, Math.min(max, Math.floor(bytes / page)))
      memories.push([flags | 1, ...leb(min), ...leb(least)])
    })
    const content = [...leb(memories.length), ...memories.flat()]
    const made = [5, ...leb(content.length), ...content]
    const out = new Uint8Array(module.length - (wire.at - start) + made.length)
    out.set(module.subarray(0, start))
    out.set(made, start)
    out.set(module.subarray(wire.at), start + made.length)
    return out
  }
  return module
}
