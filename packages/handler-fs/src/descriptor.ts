import type { InputStream, OutputStream } from '@theater/handler'
import type { Backend, Handle } from './backend.ts'
import { answering, fail, witError } from './errors.ts'
import { suffices, type DescriptorDescription, type Need } from './grant.ts'
import { descriptorStat, identity, metadataHash, newTime, sameObject } from './metadata.ts'
import * as names from './names.ts'
import { needOfOpening, openBelow, type FileMode } from './open.ts'
import { join } from './path.ts'
import { Walk, type Found, type Last } from './resolver.ts'
import { Held, type Mount, type Resource, type Session } from './session.ts'
import { DirectoryEntries, FileInputStream, FileOutputStream } from './streams.ts'
import type {
  DescriptorFlags,
  DescriptorStat,
  DescriptorType,
  MetadataHashValue,
  NewTimestamp,
  OpenFlags,
  PathFlags,
} from './types.ts'

const MAX_OFFSET = (1n << 63n) - 1n

/**
 * `wasi:filesystem/types.descriptor`: a file or directory below a mount. Paths are relative to it, and none leads out
 * of it, also where the mount goes further up: a descriptor is the authority over what is below it and nothing more.
 *
 * What only looks is synchronous. What changes something is a promise, for its intent is made durable first, but acts at
 * once where the system does: between finding a name and acting on it nothing else of this process runs.
 */
export class Descriptor implements Resource {
  readonly mount: Mount
  readonly #session: Session
  /** Below the mount, links resolved, as it was when it was opened. */
  readonly #path: string
  readonly #held: Held
  readonly #kind: DescriptorDescription['kind']
  readonly #mode: FileMode
  #open = true

  /** Takes over one use of `held`. */
  constructor(
    session: Session,
    mount: Mount,
    path: string,
    held: Held,
    kind: DescriptorDescription['kind'],
    mode: FileMode,
  ) {
    this.#session = session
    this.mount = mount
    this.#path = path
    this.#held = held
    this.#kind = kind
    this.#mode = mode
    session.add(this)
  }

  /** A descriptor of a mount itself. */
  static root(session: Session, mount: Mount): Descriptor {
    const mode = { read: false, write: false, durable: 'no' } as const
    return new Descriptor(session, mount, '', mount.root.retain(), 'directory', mode)
  }

  /** Whether `object` is a descriptor of this session's actor. */
  static of(session: Session, object: unknown): object is Descriptor {
    return typeof object === 'object' && object !== null && #session in object && object.#session === session
  }

  /** Whether there is anything at a path, be it a link that leads nowhere. */
  has(path: string): boolean {
    return this.#walk(path, 'entry', (walk) => walk.entry !== undefined)
  }

  /** Plain data to find this descriptor's object by again. */
  describe(): DescriptorDescription {
    const { name: mount, rights } = this.mount
    const flags = this.#flags()
    const about = { mount, path: this.#path, rights, kind: this.#kind, flags: Object.keys(flags) }
    return this.#path === '' ? about : { ...about, id: identity(this.#stat()) }
  }

  getFlags(): DescriptorFlags {
    this.#check()
    return this.#flags()
  }

  getType(): DescriptorType {
    this.#check()
    return this.#kind
  }

  advise(): void {
    this.#file()
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const handle = this.#readable()
    if (offset > MAX_OFFSET) throw fail('invalid')
    const want = Number(
      length < BigInt(this.#session.limits.readBytes) ? length : this.#session.limits.readBytes,
    )
    // Where no file can reach there is only its end.
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return [new Uint8Array(), want > 0]
    const bytes = answering(() => this.#backend.read(handle, want, offset))
    return [bytes, bytes.length < want]
  }

  readViaStream(offset: bigint): InputStream {
    this.#readable()
    this.#session.room(this.mount)
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('invalid')
    return new FileInputStream(this.#session, this.mount, this.#held.retain(), this.#path, offset)
  }

  async write(buffer: Uint8Array, offset: bigint): Promise<bigint> {
    const handle = this.#writable('w')
    if (offset + BigInt(buffer.length) > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('file-too-large')
    this.mount.meter.write(buffer.length, Number(offset), () => this.#stat().size)
    await this.#run(() => this.#backend.write(handle, buffer, Number(offset)))
    return BigInt(buffer.length)
  }

  writeViaStream(offset: bigint): OutputStream {
    this.#writable('w')
    this.#session.room(this.mount)
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('file-too-large')
    return new FileOutputStream(this.#session, this.mount, this.#held.retain(), this.#path, Number(offset))
  }

  appendViaStream(): OutputStream {
    const handle = this.#writable('a')
    this.#session.room(this.mount)
    const backend = this.#backend
    const mode = { read: false, write: true, append: true, durable: this.#mode.durable }
    const file = answering(() => backend.openFile(handle, mode))
    return new FileOutputStream(this.#session, this.mount, new Held(backend, file), this.#path, 'end')
  }

  async setSize(size: bigint): Promise<void> {
    const handle = this.#writable('w')
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('file-too-large')
    this.mount.meter.resize(Number(size), () => this.#stat().size)
    await this.#run(() => this.#backend.setSize(handle, Number(size)))
  }

  async setTimes(accessed: NewTimestamp, modified: NewTimestamp): Promise<void> {
    this.#changing('w')
    const times = [newTime(accessed), newTime(modified)] as const
    await this.#run(() => this.#backend.setTimes(this.#held.handle, ...times))
  }

  async syncData(): Promise<void> {
    await this.#sync('data')
  }

  async sync(): Promise<void> {
    await this.#sync('all')
  }

  stat(): DescriptorStat {
    this.#check()
    return descriptorStat(this.#stat())
  }

  metadataHash(): MetadataHashValue {
    this.#check()
    return metadataHash(this.#stat())
  }

  isSameObject(other: unknown): boolean {
    this.#check()
    return sameObject(this.#stat(), this.#other(other).#stat())
  }

  readDirectory(): DirectoryEntries {
    const handle = this.#directory()
    this.#session.room(this.mount)
    const { entries, unnameable } = answering(() =>
      this.#backend.list(handle, this.#session.limits.listEntries),
    )
    return new DirectoryEntries(this.#session, this.mount, entries, unnameable)
  }

  statAt(pathFlags: PathFlags, path: string): DescriptorStat {
    return this.#look(pathFlags, path, (found) => descriptorStat(found.stat))
  }

  metadataHashAt(pathFlags: PathFlags, path: string): MetadataHashValue {
    return this.#look(pathFlags, path, (found) => metadataHash(found.stat))
  }

  async setTimesAt(
    pathFlags: PathFlags,
    path: string,
    accessed: NewTimestamp,
    modified: NewTimestamp,
  ): Promise<void> {
    this.#changing('w')
    const times = [newTime(accessed), newTime(modified)] as const
    this.#look(pathFlags, path, (found) => this.#backend.setTimes(found.handle, ...times))
  }

  readlinkAt(path: string): string {
    return this.#walk(path, 'entry', (walk) => names.readLink(this.#backend, walk, this.#parentOf(walk)))
  }

  async openAt(
    pathFlags: PathFlags,
    path: string,
    open: OpenFlags,
    flags: DescriptorFlags,
  ): Promise<Descriptor> {
    this.#directory()
    this.#session.check()
    this.#may(needOfOpening(open, flags))
    this.#session.room(this.mount)
    const {
      path: found,
      held,
      kind,
      mode,
    } = answering(() => openBelow(this.mount, this.#held, path, pathFlags, open, flags))
    return new Descriptor(this.#session, this.mount, join(this.#path, found), held, kind, mode)
  }

  async createDirectoryAt(path: string): Promise<void> {
    this.#changing('a')
    this.#walk(path, 'name', (walk) => names.createDirectory(this.#backend, this.mount.meter, walk))
  }

  async removeDirectoryAt(path: string): Promise<void> {
    this.#changing('w')
    this.#walk(path, 'name', (walk) => names.removeDirectory(this.#backend, walk))
  }

  async unlinkFileAt(path: string): Promise<void> {
    this.#changing('w')
    this.#walk(path, 'name', (walk) => names.unlink(this.#backend, walk))
  }

  async symlinkAt(target: string, path: string): Promise<void> {
    this.#changing('a')
    names.checkTarget(target)
    this.#walk(path, 'name', (walk) =>
      names.symlink(this.#backend, this.mount.meter, walk, this.#parentOf(walk), target),
    )
  }

  async linkAt(oldFlags: PathFlags, oldPath: string, newDescriptor: unknown, newPath: string): Promise<void> {
    const other = this.#target(newDescriptor, 'a')
    this.#walk(oldPath, oldFlags.symlinkFollow === true ? 'target' : 'entry', (from) => {
      const name = names.linkable(from)
      other.#walk(newPath, 'name', (to) => names.link(this.#backend, this.mount.meter, from, name, to))
    })
  }

  async renameAt(oldPath: string, newDescriptor: unknown, newPath: string): Promise<void> {
    const other = this.#target(newDescriptor, 'w')
    this.#walk(oldPath, 'name', (from) => {
      const { name } = from
      if (name === undefined) throw fail('invalid', 'a directory is renamed by its name')
      other.#walk(newPath, 'name', (to) => names.rename(this.#backend, from, name, to))
    })
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    this.#session.remove(this)
    this.#held.release()
  }

  #flags(): DescriptorFlags {
    if (this.#kind === 'directory')
      return suffices(this.mount.rights, 'a') ? { read: true, mutateDirectory: true } : { read: true }
    const { read, write, durable } = this.#mode
    return {
      ...(read ? { read } : {}),
      ...(write ? { write } : {}),
      ...(durable === 'all'
        ? { fileIntegritySync: true }
        : durable === 'data'
          ? { dataIntegritySync: true }
          : {}),
    }
  }

  get #backend(): Backend {
    return this.#held.backend
  }

  #check(): void {
    if (!this.#open) throw fail('bad-descriptor')
  }

  #stat(): Found['stat'] {
    return answering(() => this.#backend.stat(this.#held.handle))
  }

  /** For what changes something. */
  #changing(need: Need): void {
    this.#check()
    this.#session.check()
    this.#may(need)
  }

  #may(need: Need): void {
    if (!suffices(this.mount.rights, need)) throw fail('read-only')
  }

  #directory(): Handle {
    this.#check()
    if (this.#kind !== 'directory') throw fail('not-directory')
    return this.#held.handle
  }

  #file(): Handle {
    this.#check()
    if (this.#kind !== 'regular-file') throw fail('is-directory')
    return this.#held.handle
  }

  #readable(): Handle {
    const handle = this.#file()
    if (!this.#mode.read) throw fail('bad-descriptor', 'not opened for reading')
    return handle
  }

  #writable(need: Need): Handle {
    this.#changing(need)
    const handle = this.#file()
    if (!this.#mode.write) throw fail('bad-descriptor', 'not opened for writing')
    return handle
  }

  /** A file that is not open to be written has nothing to put on the disk. */
  async #sync(what: 'data' | 'all'): Promise<void> {
    this.#check()
    this.#session.check()
    if (this.#kind === 'regular-file' && !this.#mode.write) return
    await this.#run(() => this.#backend.sync(this.#held.handle, what))
  }

  async #run(operation: () => Promise<void> | void): Promise<void> {
    try {
      await this.#session.run(this.#held, operation)
    } catch (error) {
      throw witError(error)
    }
  }

  /** Another descriptor of this actor. */
  #other(object: unknown): Descriptor {
    if (!Descriptor.of(this.#session, object)) throw new TypeError('not a descriptor of this actor')
    object.#check()
    return object
  }

  /** The descriptor of the directory that a new name goes to. */
  #target(object: unknown, need: Need): Descriptor {
    this.#changing(need)
    const other = this.#other(object)
    other.#changing(need)
    other.#directory()
    // Two mounts are two devices: what one allows says nothing about the other.
    if (other.mount !== this.mount) throw fail('cross-device')
    return other
  }

  #walk<T>(path: string, last: Last, use: (walk: Walk) => T): T {
    const base = this.#directory()
    return answering(() => {
      using walk = Walk.to(this.#backend, base, path, last)
      return use(walk)
    })
  }

  #look<T>(pathFlags: PathFlags, path: string, use: (found: Found) => T): T {
    return this.#walk(path, pathFlags.symlinkFollow === true ? 'target' : 'entry', (walk) =>
      use(walk.existing),
    )
  }

  /** The directory of a walk's last name, below the mount. */
  #parentOf(walk: Walk): string {
    const path = join(this.#path, walk.path)
    return path.slice(0, Math.max(0, path.lastIndexOf('/')))
  }
}
