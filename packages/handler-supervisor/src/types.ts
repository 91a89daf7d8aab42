import type { TheaterActorTypes, TheaterSupervisorChildren } from '@theater/wit'

/** A message, `theater:actor/types.message` as lifted. */
export type Message = TheaterActorTypes.Message

/** What a child may use, `theater:supervisor/children.limits` as lifted. */
export type Limits = TheaterSupervisorChildren.Limits

/** Why there is no child, `theater:supervisor/children.spawn-error` as lifted. */
export type SpawnError = TheaterSupervisorChildren.SpawnError
