/** The most of anything that the glue remembers: where it does ask, a guest ends before the host is filled. */
const mostRemembered = 1_000_000

/** A set that throws when it gets too large. */
export class BoundedSet extends Set<unknown> {
  override add(value: unknown): this {
    if (this.size >= mostRemembered)
      throw new RangeError(`the glue was to remember more than ${mostRemembered} resources`)
    return super.add(value)
  }
}
