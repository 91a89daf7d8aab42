import type { CheckedComponent, Prepared } from '@theater/component'
import { compileFunction } from '@theater/values'
import type { FunctionCodec, FunctionModel, Json } from '@theater/values'
import { prepare } from './imported.ts'
import type { Imported } from './imported.ts'

/** An exported function, prepared for the turns that call it. */
export interface Exported {
  readonly model: FunctionModel
  readonly codec: FunctionCodec
  /** The interface that resources in its arguments come from, for whoever resumes them. */
  readonly origin: string
}

/** How what crosses is read and written: of one component, prepared for one plan, under the grants of one actor. */
export interface Functions {
  readonly imports: readonly Imported[]
  /** By id. */
  readonly exports: ReadonlyMap<string, Exported>
}

/** What {@link functionsOf} is made from. */
export interface FunctionsParts {
  readonly component: CheckedComponent
  readonly prepared: Prepared
  /** Those of genesis. @default {} */
  readonly grants?: Readonly<Record<string, Json>> | undefined
}

/** Prepares what crosses, once for all the boundaries that are made of the same parts. */
export function functionsOf({ component, prepared, grants = {} }: FunctionsParts): Functions {
  const { plan } = prepared
  const waits = new Set(plan.mode === 'jspi' ? plan.asyncImports : [])
  const { imports, exports } = component.model
  return {
    imports: imports.flatMap(({ functions }) =>
      functions.map((model) => prepare(model, waits.has(model.id), grants)),
    ),
    exports: new Map(
      exports.flatMap(({ functions }) =>
        functions.map((model): [string, Exported] => [
          model.id,
          { model, codec: compileFunction(model, { copyArgs: true }), origin: originOf(model) },
        ]),
      ),
    ),
  }
}

/** The interface that resources in the arguments of an export come from, for whoever resumes them. */
function originOf(fn: FunctionModel): string {
  for (const { type } of fn.params) {
    if ((type.kind === 'own' || type.kind === 'borrow') && type.resource.side === 'import')
      return type.resource.interface
  }
  return ''
}
