import { defineHandler, WitError } from '@theater/handler'
import type { ActorContext, Binding, Call, Denial, Handler, Spawned } from '@theater/handler'
import { authorize, named, supervisorGrant, within } from './grant.ts'
import type { SupervisorAsk, SupervisorGrant } from './grant.ts'
import { readGrants } from './read-grants.ts'
import type { Limits, Message, SpawnError } from './types.ts'

const CHILDREN = 'theater:supervisor/children@0.1'

/** Limits of {@link supervisor}. No option grants anything. */
export interface SupervisorOptions {
  /**
   * The largest parameters of a child, in bytes of format and body.
   *
   * @default 1048576
   */
  readonly maxParamsBytes?: number
  /**
   * The longest text of a child's grants, in UTF-16 code units.
   *
   * @default 65536
   */
  readonly maxGrantsLength?: number
}

/** The functions of `theater:supervisor/children@0.1`, as the boundary calls them. */
export interface SupervisorImports {
  readonly [CHILDREN]: {
    /** Makes a child. */
    readonly spawn: (
      component: Uint8Array,
      params: Message,
      grants: string,
      limits: Limits,
    ) => Promise<string>
    /** Ends a child. */
    readonly stop: (id: string) => Promise<void>
    /** The children that have not ended. */
    readonly list: () => string[]
    /** The components that the grant gives names. */
    readonly components: () => [string, Uint8Array][]
  }
}

/**
 * Makes the handler of `theater:supervisor/children@0.1`: an actor makes actors of its own, and ends them.
 *
 * A grant lists the components, see {@link SupervisorGrant}; without one an import stays unmet. That a child holds no more
 * than its parent is the runtime's business, whatever is granted here.
 *
 * @example
 * import { supervisor } from '@theater/handler-supervisor'
 *
 * const handler = supervisor()
 * handler.authorize({ components: ['worker=sha256:…'] }, { spawn: 'sha256:…' }) // true
 */
export function supervisor(options: SupervisorOptions = {}): Handler<SupervisorGrant, SupervisorImports> {
  const bounds = {
    params: options.maxParamsBytes ?? 1024 * 1024,
    grants: options.maxGrantsLength ?? 64 * 1024,
  }
  return defineHandler<SupervisorGrant, SupervisorImports>({
    name: 'supervisor',
    interfaces: [CHILDREN],
    grant: supervisorGrant,
    functions: {
      [`${CHILDREN}#spawn`]: { mode: 'async', effect: 'once', ask: askSpawn, deny },
      [`${CHILDREN}#stop`]: { mode: 'async', effect: 'idempotent', ask: askStop, deny },
      [`${CHILDREN}#list`]: { mode: 'sync', effect: 'read' },
      [`${CHILDREN}#components`]: { mode: 'sync', effect: 'none' },
    },
    within,
    authorize,
    rests: () => true,
    bind: (actor, grant) => bind(actor, grant, bounds),
  })
}

function bind(
  { children, signal }: ActorContext,
  grant: SupervisorGrant,
  bounds: { readonly params: number; readonly grants: number },
): Binding<SupervisorImports> {
  return {
    imports: {
      [CHILDREN]: {
        async spawn(component, params, text, limits) {
          signal.throwIfAborted()
          const size = params.body.byteLength + Buffer.byteLength(params.format)
          if (size > bounds.params)
            throw spawnError({ tag: 'limit', val: `params: at most ${bounds.params} bytes` })
          const grants = readGrants(text, bounds.grants)
          if ('refused' in grants) throw spawnError({ tag: 'bad-grants', val: grants.refused })
          return madeOf(await children.spawn({ component, params, grants: grants.read, limits }))
        },
        async stop(id) {
          signal.throwIfAborted()
          if (!(await children.stop(id))) throw spawnError({ tag: 'not-my-child' })
        },
        list: () => [...children.list()],
        components: () => [...named(grant)],
      },
    },
    async reconcile({ fn }) {
      const spawned = fn === `${CHILDREN}#spawn` ? children.spawned() : undefined
      if (spawned === undefined) return 'not-done'
      const outcome = await spawned
      return outcome.tag === 'made' ? { done: outcome.id } : { failed: spawnError(outcome) }
    },
  }
}

/** The child's id, or the guest's error. */
function madeOf(outcome: Spawned): string {
  if (outcome.tag !== 'made') throw spawnError(outcome)
  return outcome.id
}

function spawnError(error: SpawnError): WitError<SpawnError> {
  return new WitError<SpawnError>(error)
}

function askSpawn({ args: [component] }: Call): SupervisorAsk {
  return { spawn: `sha256:${component instanceof Uint8Array ? component.toHex() : ''}` }
}

function askStop({ args: [id] }: Call): SupervisorAsk {
  return { stop: typeof id === 'string' ? id : '' }
}

function deny({ refusal }: Denial): WitError<SpawnError> {
  return spawnError({ tag: 'denied', val: refusal.refused })
}
