/** Runs in a process of its own: a metered component from standard input, and what its calls answer and use. */
import { buffer } from 'node:stream/consumers'
import { InstanceMeter, loadComponent, type Plan } from '../../src/node.ts'

const component = await loadComponent(new Uint8Array(await buffer(process.stdin)))
const plans: readonly Plan[] = [{ mode: 'sync' }, { mode: 'jspi', asyncImports: [] }]
const out: unknown[] = []
for (const plan of plans) {
  const prepared = await component.prepare(plan)
  const meter = new InstanceMeter({ fuel: 1_000_000, depth: 1_000, memory: 1 << 20, elements: 100 })
  const host = { resources: prepared.newResources(), functions: {}, drop() {}, meter }
  const instance = await prepared.instantiate(host)
  const lines: unknown[] = [1_000_000 - meter.left]
  for (const text of ['', 'one', 'größer', 'x'.repeat(1_000), 'y'.repeat(2_000), 'z'.repeat(3_000)]) {
    const before = meter.left
    const answer = await instance.functions['run']?.(text)
    lines.push([String(answer).slice(0, 20), String(answer).length, before - meter.left])
  }
  out.push({ meter: prepared.meter, lines })
}
process.stdout.write(JSON.stringify(out))
