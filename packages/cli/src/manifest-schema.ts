import type { JsonSchema } from '@theater/handler'
import { defaultLimits, maxLimits } from '@theater/runtime'
import type { Limits } from '@theater/runtime'
import { durabilities } from './durability.ts'
import { COMPONENT_FILE, grantSchemas } from './grant-schemas.ts'
import type { GrantSchemas } from './grant-schemas.ts'

/** What each limit bounds, in words. Its default is the runtime's. */
const limitDescriptions = {
  fuel: 'Fuel that one turn may use: a unit is an instruction of the guest. Then the turn traps, and what it did is undone.',
  startFuel: 'Fuel that instantiating the component may use.',
  memory: 'Bytes of all memories of the guest together. A turn that wants more traps.',
  tables: 'Elements of all tables of the guest together.',
  depth: 'How deep calls inside the guest may nest; a function counts by the size of its frame.',
  messageBytes: 'Bytes of one message to the actor, and of all that a call of it is given. More is refused.',
  stateBytes: 'Bytes of a state that the actor takes over.',
  turnMs: 'Milliseconds that one turn may take, waiting included. Then it is aborted.',
  turnEvents: 'Events of one turn. One more, and it is aborted.',
  turnBytes: 'Bytes that the events of one turn carry. More, and it is aborted.',
  logLines:
    'Lines a second, by its own clock, that are kept of what the actor logs. The others are counted and left out.',
  logBytes: 'Bytes a second of the lines that are kept of what the actor logs. More is counted and left out.',
  mailbox: 'Messages that wait for the actor. One more is refused, and its sender keeps it.',
  outbox: 'Messages that the actor sent and no receiver has taken yet. One more is an error to the actor.',
  subscriptions: 'Topics that the actor may be subscribed to at once. One more is an error to the actor.',
  channels: 'Channels that the actor may have at once. One more is an error to whoever opens it.',
  timers: 'Timers that the actor may have at once. One more is an error to the actor.',
  timerBytes:
    'Bytes that the messages of all timers of the actor may have together. More is an error to the actor.',
  handles: 'Host resources, such as open files, that the actor may hold at once.',
  descendants:
    'Actors that it may make, and that these may make, at once: those that it lets a child have count too.',
  callMs: 'Milliseconds that one call of the host may take. Then the turn is aborted.',
} as const satisfies Readonly<Record<keyof Limits, string>>

/** The limits an actor may have. */
export const limitNames = Object.keys(limitDescriptions) as readonly (keyof Limits)[]

const limits: JsonSchema = {
  description: 'Bounds of this actor. They are part of its record.',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    limitNames.map((name) => [
      name,
      {
        description: limitDescriptions[name],
        type: 'integer',
        minimum: name === 'descendants' ? 0 : 1,
        maximum: maxLimits[name],
        default: defaultLimits[name],
      },
    ]),
  ),
}

const params: JsonSchema = {
  description: "What the actor's init gets: exactly one of json, string and bytes.",
  type: 'object',
  additionalProperties: false,
  properties: {
    json: { description: 'Any value; it arrives as JSON.' },
    string: { description: 'Text; it arrives as text/plain.', type: 'string' },
    bytes: { description: 'Bytes, written in base64.', type: 'string', contentEncoding: 'base64' },
    format: {
      description: 'The media type, where it is not the one that goes with json, string or bytes.',
      type: 'string',
    },
  },
  oneOf: [{ required: ['json'] }, { required: ['string'] }, { required: ['bytes'] }],
}

const grantsOf = (contributed: GrantSchemas, wanted: Wanted): JsonSchema => ({
  description:
    'All the authority that the actor has, by handler. What is not written here it cannot do. `theater inspect FILE.wasm` says what a component needs.',
  type: 'object',
  additionalProperties: false,
  properties: {
    ...Object.fromEntries(
      Object.entries(grantSchemas).map(([name, schema]) => [name, wanted(name) ? embedded(schema) : {}]),
    ),
    // What a schema of somebody else's refers to is within itself.
    ...Object.fromEntries(
      Object.entries(contributed).map(([name, schema]) => [
        name,
        { $id: `theater:grants/${name}`, ...embedded(schema) },
      ]),
    ),
  },
})

const actorOf = (contributed: GrantSchemas, wanted: Wanted): JsonSchema => ({
  description: 'One actor: a component, what it may do, and what it begins with.',
  type: 'object',
  additionalProperties: false,
  required: ['component'],
  properties: {
    component: {
      description:
        "The component's file, seen from this file's folder. Source is built first: theater build SRC.ts -o OUT.wasm",
      type: 'string',
      minLength: 1,
      pattern: COMPONENT_FILE,
    },
    grants: grantsOf(contributed, wanted),
    params,
    instance: {
      description:
        'How long an instance of the component lives. actor: as long as the actor, so that what a turn leaves in its memory the next one finds. turn: for one turn, as hosts of wasi:http/proxy that make an instance for each request have it.',
      enum: ['actor', 'turn'],
      default: 'actor',
    },
    durability: {
      description:
        'What of this actor survives a crash. It is kept beside its record, and can be changed at any time.',
      enum: durabilities,
    },
    limits,
  },
  examples: [{ component: 'FILE.wasm' }],
})

/** An actor's id. Two names that every object of JavaScript has cannot be keys. */
const ID = '^(?!(__proto__|constructor)$)[a-z0-9._:-]{1,128}$'

/** A public key as C2SP writes it. */
const WITNESS = String.raw`^[^+\s]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$`

/** A host and a port. */
const LISTEN = String.raw`^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}$`

const actorsOf = (contributed: GrantSchemas, wanted: Wanted): JsonSchema => ({
  description:
    'The actors, by id: 1 to 128 of a-z 0-9 . _ - and :. They are made in the order in which they are written.',
  type: 'object',
  minProperties: 1,
  propertyNames: { pattern: ID },
  additionalProperties: actorOf(contributed, wanted),
})

/** The keys beside the actors that stand at the top of a manifest. Whoever adds one adds it here, and reads it in `manifest.ts`. */
const topLevel = {
  host: {
    description: 'What runs the actors: its bounds, and who sees what it signs.',
    type: 'object',
    additionalProperties: false,
    properties: {
      actors: {
        description: 'Actors at once. One more is not made.',
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        default: 10_000,
      },
      answerMs: {
        description:
          'Runs the actors in a thread of their own, which is ended where it does not answer for so many milliseconds: the turn that keeps it is aborted, the others go on. Without it they share the thread of the command. `theater run --answer` says otherwise.',
        type: 'integer',
        minimum: 100,
        maximum: 2_147_483_647,
      },
      durability: {
        description:
          'What survives a crash, of actors that do not say it themselves. memory: nothing for sure; nothing waits for the storage. process: everything, when the process ends. disk: everything, when the machine does, too. `theater run --durability` says otherwise.',
        enum: durabilities,
        default: 'process',
      },
      resident: {
        description:
          'Actors that stay in memory while they have nothing to do. Of more, whoever has had nothing to do for longest leaves it, and comes back for its next turn. `theater run --resident` says otherwise.',
        type: 'integer',
        minimum: 0,
        maximum: 2_147_483_647,
        default: 1000,
      },
      idleMs: {
        description:
          'Milliseconds without anything to do after which an actor leaves memory all the same. Without it none does. `theater run --idle` says otherwise.',
        type: 'integer',
        minimum: 0,
        maximum: 2_147_483_647,
      },
      snapshots: {
        description:
          'When the state of an actor is kept beside its record, so that it comes back from there and not from the start. false: never, and none is used.',
        oneOf: [
          { const: false },
          {
            type: 'object',
            additionalProperties: false,
            properties: {
              everyEvents: {
                description:
                  'Events after which one is taken at the latest. Without it 1000, and one more for each 192 bytes of the last, before it is compressed, and for each 3072 of the memory that it is of.',
                type: 'integer',
                minimum: 1,
                maximum: Number.MAX_SAFE_INTEGER,
              },
              everyFuel: {
                description:
                  'Fuel that its turns have used after which one is taken at the latest. Without it 2000000000, and 96 more for each byte of the last, before it is compressed, and 6 for each of the memory that it is of.',
                type: 'integer',
                minimum: 1,
                maximum: Number.MAX_SAFE_INTEGER,
              },
            },
          },
        ],
      },
      witnesses: {
        description:
          'Who cosigns the checkpoints of the host, by C2SP tlog-witness, so that a log that is cut back or written anew gets no more cosignatures. Nobody waits for them.',
        type: 'array',
        maxItems: 16,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['key', 'url'],
          properties: {
            key: { description: "The witness's public key: NAME+ID+KEY.", type: 'string', pattern: WITNESS },
            url: {
              description: 'What add-checkpoint stands behind.',
              type: 'string',
              pattern: '^https?://',
            },
          },
        },
      },
    },
    examples: [{ actors: 100, answerMs: 10_000, durability: 'disk' }],
  },
  http: {
    description: 'How requests reach the actors that are granted to answer them.',
    type: 'object',
    additionalProperties: false,
    properties: {
      listen: {
        description: 'Where they come in: HOST:PORT. `theater run --listen` says otherwise.',
        type: 'string',
        pattern: LISTEN,
        default: '127.0.0.1:8080',
      },
    },
    examples: [{ listen: '127.0.0.1:8080' }],
  },
  secrets: {
    description:
      'Where the secrets come from that grants of http name. No value stands here: a manifest is no place for one.',
    type: 'object',
    propertyNames: { pattern: '^(?!(__proto__|constructor)$)[A-Za-z0-9._-]{1,128}$' },
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      required: ['env'],
      properties: {
        env: {
          description: 'The environment variable that has it when `theater run` starts.',
          type: 'string',
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
        },
      },
    },
    examples: [{ API_KEY: { env: 'EXAMPLE_API_KEY' } }],
  },
} as const satisfies Readonly<Record<string, JsonSchema>>

/**
 * The JSON Schema (2020-12) of a `theater.toml`: what `readManifest` checks a manifest with, and what is shipped as
 * `theater.schema.json` for editors.
 */
export const manifestSchema: JsonSchema = schemaWith({})

/** Whether a manifest grants a handler of theater's own to anybody. */
type Wanted = (handler: string) => boolean

/**
 * The schema of a manifest whose actors may be granted handlers of others, too.
 *
 * @param wanted where not, nothing is said of what a grant of the handler is. @default all are
 */
export function schemaWith(contributed: GrantSchemas, wanted: Wanted = () => true): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'theater.toml',
    description: 'Which actors `theater run` runs, and what each of them may do.',
    type: 'object',
    additionalProperties: false,
    required: ['actor'],
    properties: { actor: actorsOf(contributed, wanted), ...topLevel },
  }
}

/** A part of a document does not say again which draft it is of. */
function embedded({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema
}
