import { resolveImports } from '@theater/boundary'
import type { AnyHandler } from '@theater/handler'
import type { ComponentModel, InterfaceModel } from '@theater/values'
import { expect, it } from 'vitest'

function one(name: string): InterfaceModel {
  const fn = { id: `${name}#go`, interface: name, name: 'go', kind: 'freestanding', resource: null } as const
  return { name, functions: [{ ...fn, params: [], result: null }], resources: [] }
}

function model(imports: readonly string[], exports: readonly string[]): ComponentModel {
  return { imports: imports.map(one), exports: exports.map(one) }
}

function handler(name: string, interfaces: readonly string[], exports?: readonly string[]): AnyHandler {
  const functions = Object.fromEntries(interfaces.map((track) => [`${track}#go`, { effect: 'none' }]))
  return { name, interfaces, functions, ...(exports && { exports }) } as unknown as AnyHandler
}

const handlers = [
  handler('answers', ['my:a/one@0.1']),
  handler('calls', ['my:a/other@0.1'], ['my:a/one@0.1', 'my:a/two@0.1']),
  handler('calls-too', [], ['my:a/one@0.1']),
]
const all = { answers: {}, calls: {}, 'calls-too': {} }

const boundOf = (of: ComponentModel, grants: Parameters<typeof resolveImports>[2]): string[] => {
  const { served, unmet } = resolveImports(of, handlers, grants)
  expect(unmet).toEqual([])
  return [...served.values()].flatMap((by) => (by.state === 'granted' ? [by.handler.name] : []))
}

it.each([
  ['one of its exports', model([], ['my:a/two@0.1.4']), all, ['calls']],
  ['several of them once', model([], ['my:a/two@0.1.4', 'my:a/one@0.1.0']), { calls: {} }, ['calls']],
  ['what another one calls too', model([], ['my:a/one@0.1.0']), all, ['calls', 'calls-too']],
  [
    'what it imports of another one',
    model(['my:a/one@0.1.0'], ['my:a/one@0.1.0']),
    all,
    ['answers', 'calls', 'calls-too'],
  ],
  ['an export, and answers an import', model(['my:a/other@0.1.0'], ['my:a/two@0.1.0']), all, ['calls']],
  ['nothing without a grant', model([], ['my:a/two@0.1.0']), { answers: {} }, []],
  ['nothing of another version', model([], ['my:a/two@0.2.0']), all, []],
  ['what is only imported', model(['my:a/one@0.1.0'], []), all, ['answers']],
] as const)('who is bound where a handler calls %s', (_, of, grants, bound) => {
  expect(boundOf(of, grants)).toEqual(bound)
})
