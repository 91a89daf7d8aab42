import type { JsonSchema, Refusal } from '@theater/handler'

/** Where standard output or standard error goes: the actor's log, or what the embedder connected. */
export type Output = 'log' | 'inherit'

/** Where standard input comes from: nowhere, what the embedder connected, a text, or bytes as base64. */
export type Input = 'none' | 'inherit' | { readonly text: string } | { readonly base64: string }

/** What `wasi:cli` shows an actor. */
export type CliGrant = {
  /** The environment variables, and no others. @default {} */
  readonly env?: { readonly [name: string]: string }
  /** The arguments; the first is the program's name by convention. @default [] */
  readonly args?: readonly string[]
  /** Where standard input comes from. @default 'none' */
  readonly stdin?: Input
  /** Where standard output goes. @default 'log' */
  readonly stdout?: Output
  /** Where standard error goes. @default 'log' */
  readonly stderr?: Output
}

// Names and values become NUL-terminated C strings in most guests, names end at the first `=`.
const TEXT = '^[^\\u0000]*$'
const NAME = '^[^\\u0000=]+$'
/** Bytes as base64, padded. */
export const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

/** The schema of a {@link CliGrant}. */
export const cliGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'cli',
  description:
    'What wasi:cli shows the actor: the environment, the arguments and the standard streams that are written here. Of the host itself nothing.',
  type: 'object',
  additionalProperties: false,
  examples: [{}],
  properties: {
    env: {
      description:
        'The environment variables that the actor sees, and no others of the host: NAME = "value".',
      type: 'object',
      propertyNames: { pattern: NAME },
      additionalProperties: { type: 'string', pattern: TEXT },
      default: {},
    },
    args: {
      description: "The arguments; the first is the program's name by convention.",
      type: 'array',
      items: { type: 'string', pattern: TEXT },
      default: [],
    },
    stdin: {
      description:
        'Where standard input comes from: none (it is at its end), inherit (what the host connected), or a table with a text, or with bytes as base64.',
      oneOf: [
        { enum: ['none', 'inherit'] },
        {
          type: 'object',
          additionalProperties: false,
          minProperties: 1,
          maxProperties: 1,
          properties: {
            text: { description: 'What standard input consists of.', type: 'string' },
            base64: {
              description: 'The bytes that standard input consists of.',
              type: 'string',
              pattern: BASE64,
            },
          },
        },
      ],
      default: 'none',
    },
    stdout: {
      description: "Where standard output goes: log (the actor's own), or inherit (what the host connected).",
      enum: ['log', 'inherit'],
      default: 'log',
    },
    stderr: {
      description: "Where standard error goes: log (the actor's own), or inherit (what the host connected).",
      enum: ['log', 'inherit'],
      default: 'log',
    },
  },
}

/**
 * Whether a child's grant lies within its parent's. Only a connected stream is an authority: environment, arguments
 * and a text are data that the parent hands over, and it may hand over what it likes.
 */
export function within(child: CliGrant, parent: CliGrant): true | Refusal {
  for (const stream of ['stdin', 'stdout', 'stderr'] as const) {
    if (child[stream] === 'inherit' && parent[stream] !== 'inherit') {
      return { refused: `${stream} = "inherit" is not within a grant without it` }
    }
  }
  return true
}

/** Refuses: no function of this handler asks for anything beyond having been bound. */
export function authorize(): Refusal {
  return { refused: 'wasi:cli asks for nothing' }
}
