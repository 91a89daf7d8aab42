import { hash } from 'node:crypto'
import type { Stat, Time } from './backend.ts'
import { fail } from './errors.ts'
import type { Datetime, DescriptorStat, MetadataHashValue, NewTimestamp } from './types.ts'

const SECOND = 1_000_000_000n

/** What a guest sees of an object. Times before 1970, which the interface cannot say, are left out. */
export function descriptorStat(stat: Stat): DescriptorStat {
  const { accessed, modified, changed } = stat
  return {
    type: stat.type,
    linkCount: stat.links,
    size: stat.size,
    ...(accessed < 0n ? {} : { dataAccessTimestamp: datetime(accessed) }),
    ...(modified < 0n ? {} : { dataModificationTimestamp: datetime(modified) }),
    ...(changed < 0n ? {} : { statusChangeTimestamp: datetime(changed) }),
  }
}

function datetime(time: bigint): Datetime {
  return { seconds: time / SECOND, nanoseconds: Number(time % SECOND) }
}

/** A time to set, from the guest's. */
export function newTime(time: NewTimestamp): Time {
  if (time.tag !== 'timestamp') return time.tag === 'now' ? 'now' : 'keep'
  if (time.val.nanoseconds >= 1_000_000_000) throw fail('invalid', 'a second or more of nanoseconds')
  return time.val.seconds * SECOND + BigInt(time.val.nanoseconds)
}

/** `metadata-hash`: changes when the object is modified or replaced, says nothing about where it is. */
export function metadataHash(stat: Stat): MetadataHashValue {
  const digest = hash('sha256', `${key(stat)} ${stat.modified} ${stat.size}`, 'hex')
  return { lower: BigInt(`0x${digest.slice(0, 16)}`), upper: BigInt(`0x${digest.slice(16, 32)}`) }
}

/**
 * Which object of a mount this is, for as long as it is there. With the time of its birth, because an inode's number is
 * given to another file soon after its own is removed. Without the device, whose number may be another after a restart of the host.
 */
export function identity(stat: Stat): string {
  return hash('sha256', `${stat.inode} ${stat.born}`, 'hex').slice(0, 32)
}

/** Whether two handles stand for one object. */
export function sameObject(a: Stat, b: Stat): boolean {
  return key(a) === key(b)
}

function key(stat: Stat): string {
  return `${stat.device} ${stat.inode} ${stat.born}`
}
