// What crossing the boundary costs: `pnpm bench` in this package. One JSON object a line, arguments and result together.
import { compileFunction, noHandles, Reader, sha256, Writer } from '../src/index.ts'
import type { FunctionModel, ValType } from '../src/index.ts'
import { sha256 as nodeSha256 } from '../src/node.ts'

const string: ValType = { kind: 'string' }
const u8: ValType = { kind: 'u8' }
const u64: ValType = { kind: 'u64' }

/** Each case is one crossing of the boundary: arguments and result, written into one buffer or read from it. */
const cases: readonly {
  name: string
  params: ValType[]
  result: ValType
  args: unknown[]
  answer: unknown
}[] = [
  { name: 'u32 → u32', params: [{ kind: 'u32' }], result: { kind: 'u32' }, args: [1234], answer: 99 },
  { name: 'u64 → u64', params: [u64], result: u64, args: [1n << 40n], answer: 12n },
  {
    name: 'string (12) → bool',
    params: [string],
    result: { kind: 'bool' },
    args: ['hello, world'],
    answer: true,
  },
  {
    name: 'string (12, é) → bool',
    params: [string],
    result: { kind: 'bool' },
    args: ['héllo, wörld'],
    answer: true,
  },
  {
    name: 'record of 6 → result',
    params: [
      {
        kind: 'record',
        fields: [
          { name: 'id', type: u64 },
          { name: 'file-name', type: string },
          { name: 'size', type: { kind: 'u32' } },
          { name: 'ratio', type: { kind: 'f64' } },
          { name: 'parent', type: { kind: 'option', payload: string } },
          { name: 'mode', type: { kind: 'enum', cases: ['read', 'write'] } },
        ],
      },
    ],
    result: {
      kind: 'result',
      ok: { kind: 'list', element: u8 },
      err: { kind: 'enum', cases: ['io', 'denied'] },
    },
    args: [{ id: 7n, fileName: 'package.json', size: 12, ratio: 0.5, parent: 'a', mode: 'read' }],
    answer: { tag: 'ok', val: new Uint8Array(32) },
  },
  {
    name: 'list<u8> of 4 KiB → u64',
    params: [{ kind: 'list', element: u8 }],
    result: u64,
    args: [new Uint8Array(4096)],
    answer: 4096n,
  },
]

const CROSSINGS = 20_000
const ROUNDS = 11

/** Medians of interleaved rounds, in µs for each crossing. */
function measure(runs: Readonly<Record<string, () => void>>): Record<string, number> {
  const times = new Map(Object.keys(runs).map((name) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS + 3; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const begin = performance.now()
      for (let i = 0; i < CROSSINGS; i++) run()
      // The first rounds warm up.
      if (round >= 3) times.get(name)?.push(((performance.now() - begin) * 1000) / CROSSINGS)
    }
  }
  const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? NaN
  return Object.fromEntries([...times].map(([name, list]) => [`${name}_us`, Number(median(list).toFixed(3))]))
}

for (const { name, params, result, args, answer } of cases) {
  const fn: FunctionModel = {
    id: 'f',
    interface: '',
    name: 'f',
    kind: 'freestanding',
    resource: null,
    params: params.map((type, i) => ({ name: `p${i}`, type })),
    result,
  }
  const out = new Writer()
  const plain = compileFunction(fn)
  const copying = compileFunction(fn, { copyResult: true })
  const write = (codec: typeof plain) => {
    out.reset()
    codec.writeArgs(args, out, noHandles)
    codec.writeResult(answer, out, noHandles)
  }
  write(plain)
  const bytes = out.copy()
  const figures = measure({
    write: () => write(plain),
    writeCopied: () => write(copying),
    read: () => {
      const input = new Reader(bytes)
      plain.readArgs(input, noHandles)
      plain.readResult(input, noHandles)
    },
  })
  console.log(JSON.stringify({ name, bytes: bytes.length, ...figures }))
}

const block = new Uint8Array(200).fill(7)
const hashes = measure({ node: () => void nodeSha256(block), noble: () => void sha256(block) })
console.log(JSON.stringify({ name: 'sha-256 of 200 bytes', ...hashes }))
