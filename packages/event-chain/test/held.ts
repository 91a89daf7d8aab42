import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What JavaScript holds once its garbage is collected, on its heap and in buffers, in bytes. */
export function held(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
