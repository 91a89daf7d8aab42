import type { FunctionModel } from '@theater/values'

/**
 * The compatibility track of an interface: `wasi:io/streams@0.2.3` is in `wasi:io/streams@0.2`, `a:b/c@1.4.0` in
 * `a:b/c@1`. A pre-release, and a name without a version, is a track of its own.
 */
export function trackOf(name: string): string {
  const at = name.indexOf('@')
  if (at === -1) return name
  const match = /^(\d+)\.(\d+)\.\d+(?:\+.*)?$/.exec(name.slice(at + 1))
  if (match === null) return name
  return `${name.slice(0, at)}@${match[1] === '0' ? `0.${match[2]}` : match[1]}`
}

const names = new WeakMap<FunctionModel, string>()

/** The name of a function within its track: `wasi:io/streams@0.2#[method]input-stream.read`; at the root its plain name. */
export function trackName(fn: FunctionModel): string {
  let name = names.get(fn)
  if (name === undefined) {
    name = fn.interface === '' ? fn.name : `${trackOf(fn.interface)}#${fn.name}`
    names.set(fn, name)
  }
  return name
}
