import type { JsonSchema, Refusal } from '@theater/handler'

/** Says that an actor draws the machine's random numbers. There is no less of it: without a grant they are derived. */
export type RandomGrant = {
  readonly live: true
}

/** The schema of a {@link RandomGrant}. */
export const randomGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'random',
  description:
    'Lets the actor draw random numbers from the machine, each draw an event of its record: what keys and tokens need. Without it they are derived from a seed, and who reads the seed can predict them.',
  type: 'object',
  additionalProperties: false,
  required: ['live'],
  examples: [{ live: true }],
  properties: {
    live: { description: 'Random numbers are drawn from the machine. It can only be true.', const: true },
  },
}

/** Whether a child's grant lies within its parent's: they are the same. */
export function within(): true {
  return true
}

/** Refuses: no function of this handler asks for anything beyond having been bound. */
export function authorize(): Refusal {
  return { refused: 'random numbers ask for nothing' }
}
