import type { Genesis } from '@theater/event-chain'
import { draft } from './forge.ts'
import type { Draft } from './forge.ts'

const cid = (codec: number): Uint8Array => Uint8Array.from([1, codec, 0x12, 0x20, ...new Uint8Array(32)])

/** The beginning of a record whose messages are looked at, and not run again. */
export function genesis(
  actor: string,
  cause: Genesis['cause'] = null,
  parent: Genesis['parent'] = null,
  time = 0,
): Draft {
  const content: Genesis = {
    actor,
    cause,
    component: cid(0x55),
    derive: 1,
    format: 1,
    grants: {},
    jco: '',
    limits: {},
    meter: null,
    nan: 'canonical',
    params: null,
    parent,
    theater: '',
    time,
    wit: cid(0x71),
  }
  return draft('genesis', content)
}
