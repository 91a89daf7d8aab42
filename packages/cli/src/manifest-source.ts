import { printable } from '@theater/handler-log'
import { excerpt } from './excerpt.ts'
import { ManifestError } from './manifest-error.ts'
import type { ManifestProblem } from './manifest-error.ts'
import type { Fault } from './schema-faults.ts'
import { TomlPlaces } from './toml-places.ts'
import type { Span } from './toml-places.ts'

/** The text of a manifest and where things are in it: what is wrong with a value becomes a problem at a place. */
export class ManifestSource {
  /** The file, as it was named. */
  readonly path: string
  readonly text: string
  #places: TomlPlaces | undefined

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
  }

  /** Where keys and values are; found out when it is first asked for, which is when there is something to complain about. */
  get places(): TomlPlaces {
    return (this.#places ??= new TomlPlaces(this.text))
  }

  /** What is wrong, in the order in which it is written. @throws TypeError where nothing is */
  error(faults: readonly Fault[], cause?: unknown): ManifestError {
    const placed = faults.map((fault) => this.problem(fault))
    const [first, ...rest] = placed.toSorted((a, b) => order(a) - order(b))
    if (first === undefined) throw new TypeError('no fault')
    return new ManifestError(this.path, [first, ...rest], cause === undefined ? undefined : { cause })
  }

  /** One fault at its place, or with lines to add. */
  problem({ code, message, path, part }: Fault, add: readonly string[] = []): ManifestProblem {
    return this.at({ code, message, add }, this.places.find(path, part))
  }

  /** One problem at a known place. */
  at(
    {
      code,
      message,
      add = [],
    }: Pick<ManifestProblem, 'code' | 'message'> & { readonly add?: readonly string[] },
    span: Span | undefined,
  ): ManifestProblem {
    // A key may be any text, also one that would steer a terminal.
    const shown = printable(message)
    if (span === undefined) return { code, message: shown, place: undefined, excerpt: [], add }
    const place = { line: span.line, column: span.column }
    return { code, message: shown, place, excerpt: excerpt(this.text, span), add }
  }
}

function order({ place }: ManifestProblem): number {
  return place === undefined ? Infinity : place.line * 2 ** 21 + place.column
}
