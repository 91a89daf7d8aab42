import type { InputStream, OutputStream } from '@theater/handler'
import type { Handle } from './backend.ts'
import { answering, fail, witError } from './errors.ts'
import type { DescriptorDescription } from './grant.ts'
import { descriptorStat, identity, metadataHash, newTime, sameObject } from './metadata.ts'
import * as names from './names.ts'
import { openBelow, opensToChange, type FileMode } from './open.ts'
import { join } from './path.ts'
import { Walk, type Found, type Last } from './resolver.ts'
import { Held, type Mount, type Session } from './session.ts'
import { DirectoryEntries, FileInputStream, FileOutputStream, type Place } from './streams.ts'
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
export class Descriptor implements Disposable {
  readonly #session: Session
  readonly #mount: Mount
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
    this.#mount = mount
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
    const { name: mount, rights } = this.#mount
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
    const bytes = answering(() => this.#session.backend.read(handle, want, offset))
    return [bytes, bytes.length < want]
  }

  readViaStream(offset: bigint): InputStream {
    this.#readable()
    this.#session.room()
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('invalid')
    return new FileInputStream(this.#session, this.#held.retain(), this.#place(), offset)
  }

  async write(buffer: Uint8Array, offset: bigint): Promise<bigint> {
    const handle = this.#writable()
    if (offset + BigInt(buffer.length) > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('file-too-large')
    await this.#run(() => this.#session.backend.write(handle, buffer, Number(offset)))
    return BigInt(buffer.length)
  }

  writeViaStream(offset: bigint): OutputStream {
    this.#writable()
    this.#session.room()
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('file-too-large')
    return new FileOutputStream(this.#session, this.#held.retain(), this.#place(), Number(offset))
  }

  appendViaStream(): OutputStream {
    const handle = this.#writable()
    this.#session.room()
    const { backend } = this.#session
    const mode = { read: false, write: true, append: true, durable: this.#mode.durable }
    const file = answering(() => backend.openFile(handle, mode))
    return new FileOutputStream(this.#session, new Held(backend, file), this.#place(), 'end')
  }

  async setSize(size: bigint): Promise<void> {
    const handle = this.#writable()
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('file-too-large')
    await this.#run(() => this.#session.backend.setSize(handle, Number(size)))
  }

  async setTimes(accessed: NewTimestamp, modified: NewTimestamp): Promise<void> {
    this.#changing()
    const times = [newTime(accessed), newTime(modified)] as const
    await this.#run(() => this.#session.backend.setTimes(this.#held.handle, ...times))
  }

  async syncData(): Promise<void> {
    this.#check()
    await this.#run(() => this.#session.backend.sync(this.#held.handle, 'data'))
  }

  async sync(): Promise<void> {
    this.#check()
    await this.#run(() => this.#session.backend.sync(this.#held.handle, 'all'))
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
    this.#session.room()
    const { entries, unnameable } = answering(() =>
      this.#session.backend.list(handle, this.#session.limits.listEntries),
    )
    return new DirectoryEntries(this.#session, entries, unnameable)
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
    this.#changing()
    const times = [newTime(accessed), newTime(modified)] as const
    this.#look(pathFlags, path, (found) => this.#session.backend.setTimes(found.handle, ...times))
  }

  readlinkAt(path: string): string {
    return this.#walk(path, 'entry', (walk) =>
      names.readLink(this.#session.backend, walk, this.#parentOf(walk)),
    )
  }

  async openAt(
    pathFlags: PathFlags,
    path: string,
    open: OpenFlags,
    flags: DescriptorFlags,
  ): Promise<Descriptor> {
    this.#directory()
    this.#session.check()
    if (opensToChange(open, flags)) this.#changing()
    this.#session.room()
    const {
      path: found,
      held,
      kind,
      mode,
    } = answering(() => openBelow(this.#session.backend, this.#held, path, pathFlags, open, flags))
    return new Descriptor(this.#session, this.#mount, join(this.#path, found), held, kind, mode)
  }

  async createDirectoryAt(path: string): Promise<void> {
    this.#changing()
    this.#walk(path, 'name', (walk) => names.createDirectory(this.#session.backend, walk))
  }

  async removeDirectoryAt(path: string): Promise<void> {
    this.#changing()
    this.#walk(path, 'name', (walk) => names.removeDirectory(this.#session.backend, walk))
  }

  async unlinkFileAt(path: string): Promise<void> {
    this.#changing()
    this.#walk(path, 'name', (walk) => names.unlink(this.#session.backend, walk))
  }

  async symlinkAt(target: string, path: string): Promise<void> {
    this.#changing()
    names.checkTarget(target)
    this.#walk(path, 'name', (walk) =>
      names.symlink(this.#session.backend, walk, this.#parentOf(walk), target),
    )
  }

  async linkAt(oldFlags: PathFlags, oldPath: string, newDescriptor: unknown, newPath: string): Promise<void> {
    const other = this.#target(newDescriptor)
    this.#walk(oldPath, oldFlags.symlinkFollow === true ? 'target' : 'entry', (from) => {
      const name = names.linkable(from)
      other.#walk(newPath, 'name', (to) => names.link(this.#session.backend, from, name, to))
    })
  }

  async renameAt(oldPath: string, newDescriptor: unknown, newPath: string): Promise<void> {
    const other = this.#target(newDescriptor)
    this.#walk(oldPath, 'name', (from) => {
      const { name } = from
      if (name === undefined) throw fail('invalid', 'a directory is renamed by its name')
      other.#walk(newPath, 'name', (to) => names.rename(this.#session.backend, from, name, to))
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
      return this.#mount.rights === 'rw' ? { read: true, mutateDirectory: true } : { read: true }
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

  #place(): Place {
    return { mount: this.#mount.name, path: this.#path }
  }

  #check(): void {
    if (!this.#open) throw fail('bad-descriptor')
  }

  #stat(): Found['stat'] {
    return answering(() => this.#session.backend.stat(this.#held.handle))
  }

  /** For what changes something. */
  #changing(): void {
    this.#check()
    this.#session.check()
    if (this.#mount.rights !== 'rw') throw fail('read-only')
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

  #writable(): Handle {
    this.#changing()
    const handle = this.#file()
    if (!this.#mode.write) throw fail('bad-descriptor', 'not opened for writing')
    return handle
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
  #target(object: unknown): Descriptor {
    this.#changing()
    const other = this.#other(object)
    other.#changing()
    other.#directory()
    // Two mounts are two devices: what one allows says nothing about the other.
    if (other.#mount !== this.#mount) throw fail('cross-device')
    return other
  }

  #walk<T>(path: string, last: Last, use: (walk: Walk) => T): T {
    const base = this.#directory()
    return answering(() => {
      using walk = Walk.to(this.#session.backend, base, path, last)
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
