import { parseSync } from 'oxc-parser'
import type { Capability } from '../capabilities.ts'
import { absentGlobals } from './advice.ts'
import { type Diagnostic, diagnosticAt } from './diagnostic.ts'

type Node = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [key: string]: unknown
}

/**
 * Uses of globals that no actor has, in one file. Only what is certain: a name that the file declares anywhere, that it
 * tests with `typeof`, or that stands within a `try`, is left alone, and so are types.
 */
export function absentGlobalsIn(
  file: string,
  source: string,
  uses: readonly Capability[] = [],
): Diagnostic[] {
  const names = [...Object.keys(absentGlobals), ...(uses.includes('http') ? [] : ['fetch'])]
  // Most files have none, and parsing is what costs.
  if (!names.some((name) => source.includes(name))) return []
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) return []
  const found: { readonly name: string; readonly at: number }[] = []
  const certain = new Set(names)
  walk(program as unknown as Node, (name, at, how) => {
    if (how === 'reads') found.push({ name, at })
    else certain.delete(name)
  })
  return found
    .filter(({ name }) => certain.has(name))
    .toSorted((a, b) => a.at - b.at)
    .map(({ name, at }) =>
      diagnosticAt(file, source, at, {
        rule: 'absent-global',
        message:
          name === 'fetch'
            ? 'this actor has no fetch: this rejects when it runs'
            : `an actor has no ${name}: this throws a ReferenceError when it runs`,
        hint: name === 'fetch' ? "Add 'http' to uses." : (absentGlobals[name] ?? ''),
        length: name.length,
      }),
    )
}

/** An identifier: read where it must be there, or a reason not to be certain of its name. */
type See = (name: string, at: number, how: 'reads' | 'excuses') => void

/** What holds types alone. */
const typeKeys = new Set([
  'typeAnnotation',
  'typeArguments',
  'typeParameters',
  'returnType',
  'superTypeArguments',
  'implements',
])

/** What of TypeScript holds expressions. */
const wrappers = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSExportAssignment',
  'TSParameterProperty',
])

const patterns = new Set(['ObjectPattern', 'ArrayPattern'])

interface Visit {
  readonly node: Node
  readonly parent: Node | undefined
  readonly key: string
  readonly guarded: boolean
}

/** Without recursion: a sum can be nested thousands deep. */
function walk(program: Node, see: See): void {
  const open: Visit[] = [{ node: program, parent: undefined, key: '', guarded: false }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) visit(next, open, see)
}

function visit({ node, parent, key, guarded }: Visit, open: Visit[], see: See): void {
  if (node.type === 'Identifier') {
    const how = roleOf(node, parent, key)
    if (how !== undefined) see(String(node['name']), node.start, how === 'reads' && guarded ? 'excuses' : how)
    return
  }
  // `declare const process: …` says that the author knows better.
  if (node['declare'] === true) {
    for (const name of namesIn(node)) see(name, node.start, 'excuses')
    return
  }
  if (node.type.startsWith('TS') && !wrappers.has(node.type)) return
  // The bundler puts the value there.
  if (node.type === 'MemberExpression' && isNodeEnv(node)) return
  for (const [name, value] of Object.entries(node)) {
    if (typeKeys.has(name)) continue
    // What a pattern declares is not told from its defaults: neither is certain.
    const inside = guarded || patterns.has(node.type) || (node.type === 'TryStatement' && name === 'block')
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) open.push({ node: child, parent: node, key: name, guarded: inside })
    }
  }
}

function roleOf(node: Node, parent: Node | undefined, key: string): 'reads' | 'excuses' | undefined {
  if (parent === undefined) return undefined
  switch (parent.type) {
    case 'UnaryExpression':
      return parent['operator'] === 'typeof' ? 'excuses' : 'reads'
    case 'MemberExpression':
      return key === 'property' && parent['computed'] !== true ? undefined : 'reads'
    case 'CallExpression':
      // The bundler puts in what is required by name.
      return key === 'callee' && node['name'] === 'require' && isLiteral(parent['arguments'])
        ? undefined
        : 'reads'
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return key === 'key' && parent['computed'] !== true ? undefined : 'reads'
    case 'VariableDeclarator':
      return key === 'id' ? 'excuses' : 'reads'
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return key === 'id' || key === 'params' ? 'excuses' : 'reads'
    case 'ClassDeclaration':
    case 'ClassExpression':
      return key === 'id' ? 'excuses' : 'reads'
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
      return key === 'local' ? 'excuses' : undefined
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'RestElement':
    case 'CatchClause':
      return key === 'right' ? 'reads' : 'excuses'
    case 'ExportSpecifier':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
    case 'ImportAttribute':
      return undefined
    default:
      return 'reads'
  }
}

/** All names in a node, whatever they are. */
function namesIn(node: Node): string[] {
  if (node.type === 'Identifier') return [String(node['name'])]
  return Object.values(node)
    .flatMap((value): unknown[] => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
    .flatMap(namesIn)
}

function isNodeEnv(node: Node): boolean {
  const { object, property } = node as { readonly object?: Node; readonly property?: Node }
  return (
    property?.['name'] === 'NODE_ENV' &&
    (object?.['object'] as Node | undefined)?.['name'] === 'process' &&
    (object?.['property'] as Node | undefined)?.['name'] === 'env'
  )
}

function isLiteral(values: unknown): boolean {
  const [first] = Array.isArray(values) ? (values as unknown[]) : []
  return isNode(first) && first.type === 'Literal' && typeof first['value'] === 'string'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
