import { isLive, resolveImports, trackName, trackOf } from '@theater/boundary'
import type { CodeFacts, Component } from '@theater/component'
import { jcoVersion, meter } from '@theater/component'
import type { AnyHandler } from '@theater/handler'
import type { Json } from '@theater/values'
import type { Lifetime } from '../manifest.ts'
import type { Difference } from './compare.ts'
import type { Setting } from './runs.ts'

/** The version of the shape below. */
const CERTIFICATE_VERSION = 1

/** One run, as `theater certify --json` prints it when it is done. */
export interface RunResult extends Setting {
  /** Whether it did what the first run did, event for event; null where that is not known. */
  readonly same: boolean | null
  readonly events: number | null
  readonly head: string | null
  /** Why it is not known: `time`, `failed`, or the code of an inconclusive verdict. */
  readonly code: string | null
}

/**
 * What the runs come to.
 *
 * - `certified`: all did the same.
 * - `differs`: one did something else.
 * - `inconclusive`: no run did something else, and not all of them could be compared.
 */
export type CertificateVerdict = 'certified' | 'differs' | 'inconclusive'

/** An import, and where its answers come from. */
export interface ImportAnswer {
  readonly name: string
  /** By rule, with no event; by the machine's clocks or chance, by a handler or the boundary, each an event; or there is nothing in it to call. */
  readonly answers: 'derived' | 'live' | 'recorded' | 'types'
  readonly handler: string | null
}

/** What {@link certificate} is made of. */
export interface CertificateParts {
  readonly component: Component
  readonly imports: readonly ImportAnswer[]
  readonly code: CodeFacts
  readonly grants: Readonly<Record<string, Json>>
  /** How long an instance lived. */
  readonly instance: Lifetime
  readonly calls: readonly { readonly call: string; readonly answer: Json; readonly fuel: number | null }[]
  readonly uncalled: readonly string[]
  readonly runs: readonly RunResult[]
  readonly difference: (Difference & { readonly run: number }) | null
}

/** The certificate as JSON: the public shape, documented in docs/cli.md. */
export function certificate(parts: CertificateParts): { readonly [key: string]: Json } {
  const { component, imports, code, grants, instance, calls, uncalled, runs, difference } = parts
  const [first] = runs
  return {
    certificate: CERTIFICATE_VERSION,
    component: `sha256:${component.digest.toHex()}`,
    verdict: verdictOf(parts),
    head: first?.head ?? null,
    events: first?.events ?? null,
    imports: imports.map((one) => ({ ...one })),
    code: { ...code },
    grants,
    instance,
    calls: calls.map((one) => ({ ...one })),
    uncalled: [...uncalled],
    runs: runs.map(runJson),
    difference: difference === null ? null : { ...difference },
    made: {
      node: process.version,
      v8: process.versions.v8,
      platform: `${process.platform}-${process.arch}`,
      jco: jcoVersion,
      meter: { name: meter.name, version: String(meter.version) },
    },
  }
}

/** A run as JSON. */
export function runJson({ tier, how, stackMb, same, events, head, code }: RunResult): {
  readonly [key: string]: Json
} {
  return { tier, how, stackMb, same, events, head, code }
}

/** What the runs come to. */
export function verdictOf({
  runs,
  difference,
}: Pick<CertificateParts, 'runs' | 'difference'>): CertificateVerdict {
  if (difference !== null && difference.what !== 'input') return 'differs'
  return runs.every(({ same }) => same === true) ? 'certified' : 'inconclusive'
}

/** Where the answers of each import come from, under some grants. */
export function importAnswers(
  { model }: Component,
  handlers: readonly AnyHandler[],
  grants: Readonly<Record<string, Json>>,
): ImportAnswer[] {
  const { served } = resolveImports(model, handlers, grants)
  return model.imports.map(({ name, functions, resources }): ImportAnswer => {
    if (functions.length === 0 && resources.length === 0) return { name, answers: 'types', handler: null }
    const by = served.get(name)
    if (by !== undefined && by.state !== 'built-in') {
      const answers = isLive(trackOf(name), grants) ? 'live' : 'recorded'
      return { name, answers, handler: by.handler.name }
    }
    const io = functions.some((fn) => trackName(fn).startsWith('wasi:io/'))
    return { name, answers: io ? 'recorded' : 'derived', handler: null }
  })
}
