import { cidOf, compileType, formatCid, noHandles, Reader, sha256, toJson, Writer } from '@theater/values'
import type { ValType } from '@theater/values'

const entry: ValType = {
  kind: 'record',
  fields: [
    { name: 'file-name', type: { kind: 'string' } },
    { name: 'size', type: { kind: 'u64' } },
    { name: 'body', type: { kind: 'option', payload: { kind: 'list', element: { kind: 'u8' } } } },
  ],
}
const codec = compileType(entry)

const out = new Writer()
codec.write({ fileName: 'LICENSE', size: 2n, body: new Uint8Array([104, 105]) }, out, noHandles)
console.log(out.bytes().toHex())
console.log(formatCid(cidOf('dag-cbor', sha256(out.bytes()))))

const value = codec.read(new Reader(out.bytes()), noHandles)
console.log(JSON.stringify(toJson(value, entry)))
