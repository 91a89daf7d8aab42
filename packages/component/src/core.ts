/** What is demanded of every core module inside a component. */
import { ComponentError } from './errors.ts'
import { checkCoreName } from './names.ts'
import { unsupported } from './parse-types.ts'
import type { EmbeddedModule } from './syntax.ts'
import type { LoadLimits } from './types.ts'
import { Wire } from './wire.ts'

/**
 * Checks one embedded core module: the engine accepts it, its names can stand in generated JavaScript, it shares no
 * memory. Throws `ComponentError` ('invalid-core', 'bad-name', 'unsupported', 'too-large').
 */
export function checkModule(module: EmbeddedModule, limits: LoadLimits): void {
  const { bytes, offset } = module
  // A view of shared memory would not be accepted by `validate`; the loader has copied the bytes.
  if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) {
    throw new ComponentError(
      'invalid-core',
      `The core module at byte ${offset} is not valid, or needs features that this engine does not have.`,
      { offset },
    )
  }
  const wire = new Wire(bytes, 8)
  while (!wire.done) {
    const id = wire.byte()
    const section = wire.range()
    if (id === 2) section.each(() => checkImport(section, limits, offset))
    else if (id === 5) section.each(() => limitsOf(section, offset))
    else if (id === 7) section.each(() => checkExport(section, limits, offset))
  }
}

function checkName(wire: Wire, limits: LoadLimits, base: number): void {
  const offset = base + wire.at
  checkCoreName(wire.text(limits.nameBytes), offset)
}

function checkExport(wire: Wire, limits: LoadLimits, base: number): void {
  checkName(wire, limits, base)
  wire.byte()
  wire.u32()
}

function checkImport(wire: Wire, limits: LoadLimits, base: number): void {
  checkName(wire, limits, base)
  checkName(wire, limits, base)
  switch (wire.byte()) {
    case 0x00: // function
      wire.u32()
      return
    case 0x01: // table
      skipValType(wire)
      limitsOf(wire, base)
      return
    case 0x02: // memory
      limitsOf(wire, base)
      return
    case 0x03: // global
      skipValType(wire)
      wire.byte()
      return
    case 0x04: // tag
      wire.byte()
      wire.u32()
      return
    default:
      unsupported('a core import of an unknown kind', base + wire.at)
  }
}

function skipValType(wire: Wire): void {
  const code = wire.byte()
  // (ref ht) and (ref null ht)
  if (code === 0x63 || code === 0x64) wire.s33()
}

/** Reads the limits of a memory or table. */
function limitsOf(wire: Wire, base: number): void {
  const offset = base + wire.at
  const flags = wire.byte()
  if (flags & 0x02) unsupported('shared memory (threads)', offset)
  if (flags & ~0x07) unsupported('memories of custom page sizes', offset)
  wire.skipLeb()
  if (flags & 0x01) wire.skipLeb()
}
