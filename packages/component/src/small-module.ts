/** Writing the small modules that stand around a guest, byte by byte. */

/** A number without a sign. */
export function leb(value: number): number[] {
  const out: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    out.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return out
}

/** A list: how many there are, then each. */
function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()]
}

/** A name. */
export function text(value: string): number[] {
  return [...leb(value.length), ...new TextEncoder().encode(value)]
}

/** The type of a function. */
export function functionType(params: readonly number[], results: readonly number[]): number[] {
  return [0x60, ...leb(params.length), ...params, ...leb(results.length), ...results]
}

/** A module of these sections, by id and what each lists. */
export function smallModule(
  sections: readonly (readonly [id: number, items: readonly (readonly number[])[]])[],
): Uint8Array<ArrayBuffer> {
  const written = sections.map(([id, items]) => {
    const content = vector(items)
    return [id, ...leb(content.length), ...content]
  })
  return new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...written.flat()])
}

/** The body of a function, as the section of code lists it. */
export function codeOf(code: readonly number[]): number[] {
  return [...leb(code.length), ...code]
}
