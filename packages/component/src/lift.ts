/**
 * A bound on what a guest can make the host read out of its memory at once.
 *
 * A list of a million strings takes eight megabytes of a guest if all of them are the same megabyte, and a terabyte of the
 * host. jco reads all of it before any code of ours sees the arguments, so it is counted where it is read: in the
 * stand-ins for the platform's `DataView`, `TextDecoder` and typed arrays that the glue gets. The count is of the
 * guest's doing alone, so that a re-run ends at the same place.
 */

/** The most bytes that one crossing reads out of a guest's memory. Part of what a re-run has to agree on: never change it. */
const LIFT_LIMIT = 128 * 1024 * 1024

/** What a value that is read by itself counts: an element of an array, with what the array takes for it. */
const SCALAR = 32

/** Counts what is read of one instance's memory, since its last crossing. */
export class LiftMeter {
  #spent = 0

  /** A crossing begins, or what it read has been handed over. */
  reset(): void {
    this.#spent = 0
  }

  /** Counts bytes that are about to be read. Throws once they are too many: in the glue, which is a trap of the guest. */
  spend(bytes: number): void {
    this.#spent += bytes
    if (this.#spent > LIFT_LIMIT)
      throw new RangeError(`more than ${LIFT_LIMIT} bytes were to be read out of the guest at once`)
  }
}

/**
 * Counts what is read through it. There is one class for all instances: each would be another to the engine, whose caches are of the code that
 * all share.
 */
class MeteredDataView extends DataView<ArrayBuffer> {
  static {
    Object.freeze(this.prototype)
  }

  readonly #meter: LiftMeter

  constructor(meter: LiftMeter, buffer: ArrayBuffer, offset?: number, length?: number) {
    super(buffer, offset, length)
    this.#meter = meter
  }

  override getInt8(at: number): number {
    this.#meter.spend(SCALAR)
    return super.getInt8(at)
  }
  override getUint8(at: number): number {
    this.#meter.spend(SCALAR)
    return super.getUint8(at)
  }
  override getInt16(at: number, little?: boolean): number {
    this.#meter.spend(SCALAR)
    return super.getInt16(at, little)
  }
  override getUint16(at: number, little?: boolean): number {
    this.#meter.spend(SCALAR)
    return super.getUint16(at, little)
  }
  override getInt32(at: number, little?: boolean): number {
    this.#meter.spend(SCALAR)
    return super.getInt32(at, little)
  }
  override getUint32(at: number, little?: boolean): number {
    this.#meter.spend(SCALAR)
    return super.getUint32(at, little)
  }
  override getBigInt64(at: number, little?: boolean): bigint {
    this.#meter.spend(SCALAR)
    return super.getBigInt64(at, little)
  }
  override getBigUint64(at: number, little?: boolean): bigint {
    this.#meter.spend(SCALAR)
    return super.getBigUint64(at, little)
  }
  override getFloat32(at: number, little?: boolean): number {
    this.#meter.spend(SCALAR)
    return super.getFloat32(at, little)
  }
  override getFloat64(at: number, little?: boolean): number {
    this.#meter.spend(SCALAR)
    return super.getFloat64(at, little)
  }
}

/** jco's decoders eat a byte order mark at the start of a string; it is a character like any other. */
class WholeTextDecoder extends TextDecoder {
  static {
    Object.freeze(this.prototype)
  }

  readonly #meter: LiftMeter

  constructor(meter: LiftMeter, label?: string) {
    super(label, { ignoreBOM: true })
    this.#meter = meter
  }

  override decode(input?: Parameters<TextDecoder['decode']>[0]): string {
    if (input !== undefined) this.#meter.spend(SCALAR + input.byteLength)
    return super.decode(input)
  }
}

/** Stand-ins for what the glue reads memory with, in the order of {@link liftNames}. */
export function liftGlobals(meter: LiftMeter): readonly unknown[] {
  // `function`, because they are called with `new`; what they answer takes the place of what that made.
  function View(buffer: ArrayBuffer, offset?: number, length?: number): object {
    return new MeteredDataView(meter, buffer, offset, length)
  }
  function Decoder(label?: string): object {
    return new WholeTextDecoder(meter, label)
  }
  View.prototype = MeteredDataView.prototype
  Decoder.prototype = WholeTextDecoder.prototype
  return [View, Decoder, ...arrays.map((of) => metered(of, meter))]
}

const arrays = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigUint64Array,
  BigInt64Array,
  Float32Array,
  Float64Array,
] as const

/** The names that {@link liftGlobals} answers for. */
export const liftNames: readonly string[] = ['DataView', 'TextDecoder', ...arrays.map(({ name }) => name)]

type ArrayConstructor = (typeof arrays)[number]

/**
 * Makes a constructor of the platform's own typed arrays that counts what is copied: of a list of numbers the glue
 * takes a slice of memory, and an array over all of it.
 */
function metered(of: ArrayConstructor, meter: LiftMeter): unknown {
  const make = of as new (source: unknown, offset?: unknown, length?: unknown) => object
  // `function`, because it is called with `new`; what it answers takes the place of what that made.
  function Metered(source: unknown, offset?: unknown, length?: unknown): object {
    if (offset !== undefined) return new make(source, offset, length)
    if (source instanceof ArrayBuffer) meter.spend(SCALAR + source.byteLength)
    return new make(source)
  }
  Metered.prototype = of.prototype
  return Object.setPrototypeOf(Metered, of)
}
