import { type Expression, type ObjectExpression, parseSync, type Program } from 'oxc-parser'
import type { Capability } from '../capabilities.ts'
import { BuildError } from './build-error.ts'
import { diagnosticAt, type Fault } from './diagnostic.ts'

/** What the source of an actor says about its world. */
export interface ActorShape {
  /** The capabilities, in the order of {@link capabilities}. */
  readonly uses: readonly Capability[]
  /** Whether it has a state, and so exports `theater:actor/migration`. */
  readonly state: boolean
  /** Whether it has an `init`, and so exports `theater:actor/lifecycle`. */
  readonly init: boolean
  /** Whether it has handlers, and so exports `theater:messaging/receiver` and `responder`. */
  readonly messages: boolean
  /** Whether it hears what is published, and so exports `theater:messaging/subscriber`. */
  readonly subscriptions: boolean
  /** Whether it has an end of channels, and so exports `theater:messaging/channel-peer`. */
  readonly channels: boolean
  /** Whether it has WebSocket connections, and so exports `theater:http/websocket-handler`. */
  readonly websocket: boolean
  /** Whether it hears of the end of children, and so exports `theater:supervisor/watcher`. */
  readonly childEnded: boolean
  /** Whether it hears timers, and so exports `theater:timer/target`. */
  readonly timers: boolean
  /** Whether it answers HTTP, and so exports `theater:http/request-handler` and `wasi:http/incoming-handler`. */
  readonly fetch: boolean
}

/** All capabilities. */
export const capabilities: readonly Capability[] = [
  'self',
  'log',
  'messaging',
  'topics',
  'channels',
  'websocket',
  'store',
  'fs',
  'http',
  'supervisor',
  'process',
  'timer',
]

/**
 * Reads the shape of an actor from the source of its entry, without running it: the code of an actor runs only in
 * its sandbox. So the definition must be an object literal, and `uses` a list of string literals, which is also what
 * a reviewer wants to see. Throws a `BuildError` that says where it is not.
 */
export function analyse(file: string, source: string): ActorShape {
  const { program, errors } = parseSync(file, source)
  const [first] = errors
  if (first !== undefined) {
    const at = first.labels[0]?.start
    throw problem(file, source, at, `this cannot be parsed: ${first.message}`, { rule: 'syntax' })
  }
  const definition = definitionIn(program, file, source)
  const keys = new Map<string, Expression>()
  for (const property of definition.properties) {
    if (property.type === 'SpreadElement' || property.computed) {
      throw problem(file, source, property.start, `${outside} here it has a part that is computed`)
    }
    const { key } = property
    const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : undefined
    if (name !== undefined) keys.set(name, property.value)
  }
  const listed = keys.get('uses')
  const uses = listed === undefined ? [] : usesIn(listed, file, source)
  for (const [key, capability] of needs) {
    const value = keys.get(key)
    if (value !== undefined && !uses.includes(capability))
      throw problem(file, source, value.start, `${key} needs '${capability}' in uses`)
  }
  return {
    uses,
    state: keys.has('state'),
    init: keys.has('init'),
    messages: keys.has('messages'),
    subscriptions: keys.has('subscriptions'),
    channels: keys.has('channels'),
    websocket: keys.has('websocket'),
    childEnded: keys.has('onChildEnded'),
    timers: keys.has('timers'),
    fetch: keys.has('fetch'),
  }
}

/** Parts of a definition that are nothing without a capability. */
const needs = [
  ['subscriptions', 'topics'],
  ['channels', 'channels'],
  ['timers', 'timer'],
  ['websocket', 'websocket'],
] as const

const outside =
  'theater build reads the definition from the source, so defineActor needs an object literal with plain keys;'

function usesIn(value: Expression, file: string, source: string): Capability[] {
  const list = bare(value)
  if (list.type !== 'ArrayExpression') {
    throw problem(file, source, value.start, 'uses must be a list of string literals, written out here')
  }
  const named = list.elements.map((element) => {
    if (element === null || element.type !== 'Literal' || typeof element.value !== 'string') {
      throw problem(file, source, element?.start ?? list.start, 'uses must be a list of string literals')
    }
    const found = capabilities.find((name) => name === element.value)
    if (found === undefined) {
      throw problem(file, source, element.start, `there is no capability '${element.value}'`, {
        hint: `There are: ${capabilities.join(', ')}.`,
        length: element.end - element.start,
      })
    }
    return found
  })
  return capabilities.filter((name) => named.includes(name))
}

function definitionIn(program: Program, file: string, source: string): ObjectExpression {
  const exported = defaultExport(program)
  const value = exported && bare(exported)
  const found = value?.type === 'Identifier' ? variable(program, value.name) : value
  if (found?.type !== 'CallExpression' || !isDefineActor(found.callee)) {
    const at = program.body.find(({ type }) => type === 'ExportDefaultDeclaration')
    const place = exported ?? at
    const message =
      place === undefined
        ? 'this file has no default export, and an actor is one: a call of defineActor'
        : 'the default export of an actor must be a call of defineActor'
    throw problem(file, source, place?.start, message, {
      hint: "Write export default defineActor({ … }), with import { defineActor } from '@theater/actor'.",
      length: place === undefined ? 1 : (source.slice(place.start, place.end).split('\n')[0] ?? '').length,
    })
  }
  const [argument] = found.arguments
  const literal = argument !== undefined && argument.type !== 'SpreadElement' ? bare(argument) : undefined
  if (literal?.type !== 'ObjectExpression') {
    throw problem(file, source, found.start, `${outside} here it is something else`)
  }
  return literal
}

function defaultExport(program: Program): Expression | undefined {
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration') {
      const { declaration } = statement
      return declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration'
        ? undefined
        : (declaration as Expression)
    }
    if (statement.type === 'ExportNamedDeclaration' && statement.source === null) {
      const found = statement.specifiers.find(
        ({ exported }) => exported.type === 'Identifier' && exported.name === 'default',
      )
      if (found?.local.type === 'Identifier') return variable(program, found.local.name)
    }
  }
  return undefined
}

function variable(program: Program, name: string): Expression | undefined {
  for (const statement of program.body) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declared?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declared.declarations) {
      if (id.type === 'Identifier' && id.name === name && init) return bare(init)
    }
  }
  return undefined
}

/** The expression without what TypeScript and parentheses put around it. */
function bare(expression: Expression): Expression {
  if (
    expression.type === 'ParenthesizedExpression' ||
    expression.type === 'TSAsExpression' ||
    expression.type === 'TSSatisfiesExpression' ||
    expression.type === 'TSTypeAssertion' ||
    expression.type === 'TSNonNullExpression'
  ) {
    return bare(expression.expression)
  }
  return expression
}

function isDefineActor(callee: Expression): boolean {
  if (callee.type === 'Identifier') return callee.name === 'defineActor'
  return (
    callee.type === 'MemberExpression' &&
    callee.property.type === 'Identifier' &&
    callee.property.name === 'defineActor'
  )
}

function problem(
  file: string,
  source: string,
  at: number | undefined,
  message: string,
  more: Partial<Fault> = {},
): BuildError {
  return new BuildError('entry', [diagnosticAt(file, source, at, { rule: 'actor', message, ...more })])
}
