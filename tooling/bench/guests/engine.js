// What an engine is measured by: the same program for StarlingMonkey and QuickJS.
function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}
const rows = []
for (let i = 0; i < 200; i++)
  rows.push({
    id: i,
    name: 'row ' + i,
    tags: ['a', 'b', 'c'],
    score: i * 1.5,
    nested: { x: i, y: [i, i + 1] },
  })
const text = JSON.stringify(rows)
const prose = Array.from(
  { length: 300 },
  (_, i) =>
    `user${i}@example${i % 7}.org wrote on 2024-0${1 + (i % 9)}-1${i % 10}: "hello world number ${i}"`,
).join('\n')
const K = new Uint32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])
function sha256(blocks) {
  const w = new Uint32Array(64)
  const H = new Uint32Array([1, 2, 3, 4, 5, 6, 7, 8])
  for (let b = 0; b < blocks; b++) {
    for (let i = 0; i < 16; i++) w[i] = b * i
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15],
        y = w[i - 2]
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0
    }
    let [a, b2, c, d, e, f, g, h] = H
    for (let i = 0; i < 64; i++) {
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (S0 + ((a & b2) ^ (a & c) ^ (b2 & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b2
      b2 = a
      a = (t1 + t2) | 0
    }
    H[0] += a
    H[1] += b2
    H[2] += c
    H[3] += d
    H[4] += e
    H[5] += f
    H[6] += g
    H[7] += h
  }
  return H[0]
}
const work = {
  loop(n) {
    let s = 0
    for (let i = 0; i < n * 1000; i++) s = (s + i * 3) & 0xffff
    return s
  },
  recursion(n) {
    let s = 0
    for (let i = 0; i < n; i++) s += fib(14)
    return s
  },
  json(n) {
    let s = 0
    for (let i = 0; i < n; i++) s += JSON.stringify(JSON.parse(text)).length
    return s
  },
  regexp(n) {
    let s = 0
    for (let i = 0; i < n; i++) {
      for (const m of prose.matchAll(/([a-z0-9]+)@([a-z0-9.]+)\s+wrote on (\d{4})-(\d\d)-(\d\d)/g))
        s += m[1].length
      s += prose.replace(/\b(\w)(\w*)\b/g, '$2$1').length
    }
    return s
  },
  sort(n) {
    let s = 0
    for (let i = 0; i < n; i++) {
      const a = []
      let x = 12345
      for (let k = 0; k < 1000; k++) {
        x = (x * 1103515245 + 12345) & 0x7fffffff
        a.push(x)
      }
      a.sort((p, q) => p - q)
      s += a[500] & 255
    }
    return s
  },
  sha256(n) {
    return sha256(n * 4)
  },
}
export function run(name, n) {
  return work[name](n) >>> 0
}
