import type { TheaterSupervisorChildren } from '@theater/wit'
import type { ChildOptions, Supervisor } from '../capabilities.ts'
import { SpawnError } from '../host-errors.ts'
import { encodeReply } from '../message.ts'
import { detailOf } from './failure-detail.ts'
import { payloadOf } from './host.ts'

/** What stands for no parameters. */
const NOTHING = { format: 'application/octet-stream', body: new Uint8Array() }

type Children = typeof TheaterSupervisorChildren

/** `ctx.spawn` and what goes with it, over the host's children. */
export function makeSupervisor(children: Children): Supervisor {
  const components = (): { readonly [name: string]: string } =>
    Object.fromEntries(children.components().map(([name, digest]) => [name, `sha256:${toHex(digest)}`]))
  const spawn = (component: string, options: ChildOptions = {}): string => {
    const { params, grants = {}, limits = {} } = options
    const digest = digestOf(component, children)
    const given = params === undefined ? NOTHING : encodeReply(params, 'the params')
    const { fuelPerTurn, memoryBytes, descendants } = limits
    return asked(`${component} was not spawned`, () =>
      children.spawn(digest, given, JSON.stringify(grants), {
        fuelPerTurn: big(fuelPerTurn),
        memoryBytes: big(memoryBytes),
        descendants,
      }),
    )
  }
  return {
    spawn: spawn as Supervisor['spawn'],
    stop: (id) => asked(`${id} was not stopped`, () => children.stop(id)),
    children: () => [...children.list()],
    components,
  }
}

function big(limit: number | undefined): bigint | undefined {
  return limit === undefined ? undefined : BigInt(limit)
}

/** The digest that a name of the grant, or `sha256:…` itself, means. */
function digestOf(component: string, children: Children): Uint8Array {
  const hex = /^sha256:((?:[0-9a-f]{2})*)$/.exec(component)?.[1]
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  const known = children.components()
  const found = known.find(([name]) => name === component)
  if (found !== undefined) return found[1]
  const names = known.map(([name]) => name).join(', ')
  throw new SpawnError(
    `there is no component ${component} in the grant of supervisor; there are: ${names || 'none'}`,
    'denied',
  )
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function asked<T>(doing: string, call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    const error = payloadOf<TheaterSupervisorChildren.SpawnError>(thrown)
    if (error === undefined) throw thrown
    if (error.tag === 'init') {
      const { code, message } = error.val
      const detail = detailOf(error.val.detail)
      const failure = detail === undefined ? { code, message } : { code, message, detail }
      throw new SpawnError(`${doing}: its init failed with ${code}: ${message}`, 'init', { failure })
    }
    const reason = 'val' in error ? error.val : undefined
    throw new SpawnError(`${doing}: ${error.tag}${reason === undefined ? '' : ` (${reason})`}`, error.tag, {
      reason,
    })
  }
}
