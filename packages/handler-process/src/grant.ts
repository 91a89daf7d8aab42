import type { Ask, JsonSchema, Refusal } from '@theater/handler'

/**
 * What one argument may be: exactly this text, or with `prefix` any text that begins so. One that begins with `-` is an option to
 * most programs, so a prefix covers it only where the prefix begins with `-` itself.
 */
export type ArgumentPattern = string | { readonly prefix: string }

/** The arguments of one kind of call: one pattern for each; with `more` any number behind those. */
export type ArgumentsPattern = {
  /** @default [] */
  readonly begin?: readonly ArgumentPattern[]
  /** @default none: these and no others */
  readonly more?: ArgumentPattern
}

/** One program, as it may be run. */
export type ProgramGrant = {
  /** The file, absolute. */
  readonly path: string
  /** The lists of arguments that it may be given; `[{}]`: none at all. */
  readonly args: readonly ArgumentsPattern[]
  /** Its environment, all of it. @default {} */
  readonly env?: { readonly [name: string]: string }
  /** The folder that it runs in, absolute. @default an empty one of its own, which goes away with it */
  readonly cwd?: string
}

/** What an actor may run. */
export type ProcessGrant = {
  /** Programs by the names that the actor calls them. */
  readonly programs: { readonly [name: string]: ProgramGrant }
  /** Milliseconds that one of them may take. @default `timeoutMs` of the handler */
  readonly timeoutMs?: number
  /** Bytes that one of them may write, to both streams together. @default `maxOutputBytes` of the handler */
  readonly maxOutputBytes?: number
}

/** What one call exercises. */
export type ProcessAsk = { readonly program: string; readonly args: readonly string[] }

/** What a grant means that does not say. */
export interface Defaults {
  readonly timeoutMs: number
  readonly maxOutputBytes: number
}

const argument: JsonSchema = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['prefix'],
      properties: { prefix: { description: 'What it begins with.', type: 'string' } },
    },
  ],
}

/** The schema of a {@link ProcessGrant}. */
export const processGrant: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'process',
  description:
    'Lets the actor run programs of the host. They are not sandboxed: grant one only with arguments that make it do what you want.',
  type: 'object',
  additionalProperties: false,
  required: ['programs'],
  examples: [
    {
      programs: {
        status: {
          path: '/usr/bin/git',
          args: [{ begin: ['status', '--porcelain'] }],
          cwd: '/srv/repository',
        },
      },
    },
  ],
  properties: {
    programs: {
      description: 'Programs by the names that the actor calls them: 1 to 64 of a-z 0-9 . _ and -.',
      type: 'object',
      propertyNames: { pattern: '^[a-z0-9._-]{1,64}$' },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'args'],
        properties: {
          path: { description: 'The file, absolute.', type: 'string', pattern: '^/[^\\u0000]*$' },
          args: {
            description:
              'What it may be given: { begin } for these arguments, each a text or { prefix } for any that begins so, and with more any number behind them. { } is for no arguments at all.',
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              properties: {
                begin: {
                  description: 'One pattern for each argument that has to be there.',
                  type: 'array',
                  items: argument,
                  default: [],
                },
                more: { description: 'What each argument behind those may be, of any number.', ...argument },
              },
            },
          },
          env: {
            description: 'Its environment, all of it.',
            type: 'object',
            propertyNames: { pattern: '^[^=\\u0000]+$' },
            additionalProperties: { type: 'string', pattern: '^[^\\u0000]*$' },
            default: {},
          },
          cwd: {
            description:
              'The folder that it runs in, absolute. Without it: an empty one of its own, which goes away with it.',
            type: 'string',
            pattern: '^/[^\\u0000]*$',
          },
        },
      },
    },
    timeoutMs: {
      description: 'Milliseconds that one of them may take. Without it: what the host allows.',
      type: 'integer',
      minimum: 1,
      maximum: 3_600_000,
    },
    maxOutputBytes: {
      description: 'Bytes that one of them may write. Without it: what the host allows.',
      type: 'integer',
      minimum: 0,
      maximum: 64 * 1024 * 1024,
    },
  },
}

/** Whether a child's grant lies within its parent's. Environment and folder must be the same: less of either can do more. */
export function within(child: ProcessGrant, parent: ProcessGrant, defaults: Defaults): true | Refusal {
  for (const [name, program] of Object.entries(child.programs)) {
    const of = Object.hasOwn(parent.programs, name) ? parent.programs[name] : undefined
    if (of === undefined) return { refused: `${name} is not a program of the parent` }
    if (program.path !== of.path)
      return { refused: `${name} is ${of.path} to the parent, not ${program.path}` }
    if (program.cwd !== of.cwd) return { refused: `${name} runs in another folder than the parent's` }
    if (!sameTexts(program.env ?? {}, of.env ?? {}))
      return { refused: `${name} has another environment than the parent's` }
    const wide = program.args.find((one) => !of.args.some((other) => covers(other, one)))
    if (wide !== undefined)
      return { refused: `${name} with ${JSON.stringify(wide)} is not within the parent's arguments` }
  }
  for (const limit of ['timeoutMs', 'maxOutputBytes'] as const) {
    const [mine, most] = [child[limit] ?? defaults[limit], parent[limit] ?? defaults[limit]]
    if (mine > most) return { refused: `${limit} ${mine} is not within ${most}` }
  }
  return true
}

/** Whether a grant covers an ask. */
export function authorize(grant: ProcessGrant, { program, args }: Ask): true | Refusal {
  const found =
    typeof program === 'string' && Object.hasOwn(grant.programs, program)
      ? grant.programs[program]
      : undefined
  if (found === undefined) return { refused: `${JSON.stringify(program)} is not a program of the grant` }
  if (!isTexts(args)) return { refused: 'the call has no arguments' }
  if (found.args.some((pattern) => covers(pattern, { begin: args }))) return true
  return { refused: `${JSON.stringify(program)} may not be given ${JSON.stringify(args)}` }
}

/** Whether a pattern covers all that another does; a list of arguments is a pattern of itself. */
function covers({ begin = [], more }: ArgumentsPattern, narrow: ArgumentsPattern): boolean {
  const { begin: given = [], more: rest } = narrow
  if (given.length < begin.length) return false
  const fits = given.every((one, i) => {
    const by = begin[i] ?? more
    return by !== undefined && coversOne(by, one)
  })
  return fits && (rest === undefined || (more !== undefined && coversOne(more, rest)))
}

function coversOne(wide: ArgumentPattern, narrow: ArgumentPattern): boolean {
  if (typeof wide === 'string') return wide === narrow
  const text = typeof narrow === 'string' ? narrow : narrow.prefix
  // A prefix that does not begin with `-` covers no option, however short it is, and so does what lies within it.
  return text.startsWith(wide.prefix) && (wide.prefix.startsWith('-') || !text.startsWith('-'))
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function sameTexts(a: { readonly [name: string]: string }, b: { readonly [name: string]: string }): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  )
}
