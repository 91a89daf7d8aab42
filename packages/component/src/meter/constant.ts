/** Constant expressions: what globals, elements and data begin with. */
import type { Wire } from '../wire.ts'
import { refuse } from './refuse.ts'

/**
 * Reads past one instruction of a constant expression; answers its opcode. The indices of a `global.get` and of a
 * `ref.func` are read by whoever asks.
 */
export function constant(wire: Wire, global: () => void, reference: () => void): number {
  const at = wire.at
  const opcode = wire.byte()
  switch (opcode) {
    case 0x0b:
    case 0x6a:
    case 0x6b:
    case 0x6c:
    case 0x7c:
    case 0x7d:
    case 0x7e:
      return opcode
    case 0x23:
      global()
      return opcode
    case 0x41:
    case 0x42:
    case 0xd0:
      wire.skipLeb()
      return opcode
    case 0xd2:
      reference()
      return opcode
    case 0x43:
      wire.at += 4
      return opcode
    case 0x44:
      wire.at += 8
      return opcode
    case 0xfd:
      if (wire.u32() !== 12) refuse('a constant expression that is not known', at)
      wire.at += 16
      return opcode
    case 0xfb:
      constantGc(wire, at)
      return opcode
    default:
      return refuse(`0x${opcode.toString(16)} in a constant expression`, at)
  }
}

function constantGc(wire: Wire, at: number): void {
  const opcode = wire.u32()
  switch (opcode) {
    case 0:
    case 1:
    case 6:
    case 7:
      wire.u32()
      return
    case 8:
      wire.u32()
      wire.u32()
      return
    case 26:
    case 27:
    case 28:
      return
    default:
      refuse(`0xfb 0x${opcode.toString(16)} in a constant expression`, at)
  }
}
