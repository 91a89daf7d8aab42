import type { JsonSchema, Refusal } from '@theater/handler'

/** Says that an actor reads the machine's clocks. There is no less of it: without a grant its clocks are derived. */
export type ClocksGrant = {
  readonly live: true
}

/** The schema of a {@link ClocksGrant}. */
export const clocksGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'clocks',
  description:
    "Lets the actor read the machine's clocks, each reading an event of its record. Without it clocks are derived from the start of the turn and from waits.",
  type: 'object',
  additionalProperties: false,
  required: ['live'],
  examples: [{ live: true }],
  properties: {
    live: { description: 'Clocks are read from the machine. It can only be true.', const: true },
  },
}

/** Whether a child's grant lies within its parent's: they are the same. */
export function within(): true {
  return true
}

/** Refuses: no function of this handler asks for anything beyond having been bound. */
export function authorize(): Refusal {
  return { refused: 'clocks ask for nothing' }
}
