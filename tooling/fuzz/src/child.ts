/** Makes inputs and tries them, one after another, for a process that watches this one. */
import { Random } from './random.ts'
import type { Asked, Told } from './run.ts'
import type { Tried } from './target.ts'
import { targetOf } from './targets.ts'
import { tryInput } from './try.ts'

function tell(told: Told): void {
  process.send?.(told)
}

/** How long results are kept before they are told, in milliseconds: a message takes longer than many an input. */
const KEEP_MS = 100

async function run({ target: name, seed, from, count, step }: Asked): Promise<void> {
  const target = await targetOf(name)
  let kept: Tried[] = []
  let last = performance.now()
  for (let at = from; at < from + count; at++) {
    if (step) tell({ tag: 'begin', at })
    kept.push(await tryInput(target, await target.input(new Random(seed, at))))
    if (!step && performance.now() - last < KEEP_MS) continue
    tell({ tag: 'tried', from: at + 1 - kept.length, tried: kept })
    kept = []
    last = performance.now()
    // The channel is written in a turn of the event loop.
    await new Promise((resolve) => void setImmediate(resolve))
  }
  if (kept.length > 0) tell({ tag: 'tried', from: from + count - kept.length, tried: kept })
  tell({ tag: 'done' })
}

process.on('message', (asked: Asked) => void run(asked))
