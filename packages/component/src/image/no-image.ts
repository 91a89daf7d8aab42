/** Why the state of an instance cannot be taken. */

/**
 * What an instance has that is in no image of it.
 *
 * - `not-metered`: nothing was written into its core modules, so they show nothing.
 * - `glue`: jco's JavaScript is of a form that is not known here, or it is not at rest.
 * - `segments`: its code can drop data or element segments, and which ones it dropped cannot be seen.
 * - `heap`: it has objects on the engine's heap, which change without what refers to them.
 * - `table`: a table is not as it was when the component was instantiated, or cannot be compared.
 * - `reference`: the same of a mutable global that holds a reference.
 * - `vector`: a mutable global holds 128 bits, which JavaScript cannot read.
 * - `nan`: a mutable global holds a NaN, whose bits JavaScript does not show.
 * - `misfit`: an image is not one of this component.
 * - `host-memory`: the host could not give the memory that an image has.
 */
export type NoImageCode =
  | 'not-metered'
  | 'glue'
  | 'segments'
  | 'heap'
  | 'table'
  | 'reference'
  | 'vector'
  | 'nan'
  | 'misfit'
  | 'host-memory'

/** There is no image of an instance, or this one cannot be laid over it. */
export interface NoImage {
  readonly none: NoImageCode
  /** A sentence for people. */
  readonly message: string
}

export function noImage(none: NoImageCode, message: string): NoImage {
  return { none, message }
}
