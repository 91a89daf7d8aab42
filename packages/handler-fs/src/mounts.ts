import type { ActorContext } from '@theater/handler'
import { hostPath, quotaOf } from './authority.ts'
import type { Backend } from './backend.ts'
import { MountError } from './errors.ts'
import { rightsOf, type FsGrant, type FsMount } from './grant.ts'
import { Meter, Usage } from './quota.ts'
import { Held, type Mount } from './session.ts'
import { treeBackend } from './tree-backend.ts'
import { loadTree, type Tree, type TreeLimits } from './tree-load.ts'
import type { TreeReader } from './tree.ts'

/** Where the mounts of a handler come from. */
export interface Sources {
  readonly backend: () => Backend
  readonly base: string | undefined
  readonly trees: TreeReader | undefined
  readonly treeLimits: TreeLimits
}

/** The mounts of one actor, opened. */
export interface OpenMounts {
  readonly mounts: ReadonlyMap<string, Mount>
  /** Lets go of the trees. */
  readonly release: () => void
}

/** Opens mounts, and keeps what actors have in common and what outlives a restart of one: trees, and what was used of quotas. */
export class Mounter {
  readonly #sources: Sources
  readonly #trees = new Map<string, { readonly tree: Promise<Tree>; users: number }>()
  readonly #usage = new Map<string, Usage>()

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** @throws MountError */
  async open(actor: ActorContext, grant: FsGrant): Promise<OpenMounts> {
    const mounts = new Map<string, Mount>()
    const trees: string[] = []
    const release = (): void => trees.forEach((tree) => this.#leave(tree))
    try {
      for (const [name, mount] of Object.entries(grant.mounts).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        if ('tree' in mount) trees.push(mount.tree)
        const root = 'tree' in mount ? await this.#tree(mount.tree, mount.path) : this.#host(name, mount.host)
        mounts.set(name, { name, rights: rightsOf(mount), root, meter: this.#meter(actor, name, mount) })
      }
      // A tree takes its time.
      if (trees.length > 0) actor.signal.throwIfAborted()
      return { mounts, release }
    } catch (error) {
      for (const mount of mounts.values()) mount.root.release()
      release()
      throw error
    }
  }

  #host(name: string, host: string): Held {
    const { backend, base } = this.#sources
    const path = hostPath(host, base)
    if (path === undefined) {
      throw new MountError(
        'not-absolute',
        host,
        `mount ${name}: ${host} is relative. Write it from /, or give fs() a base`,
      )
    }
    const opened = backend()
    return new Held(opened, opened.openRoot(path))
  }

  /** The caller has one use of the tree, whether this succeeds or not. */
  async #tree(name: string, path = ''): Promise<Held> {
    const { trees, treeLimits } = this.#sources
    let entry = this.#trees.get(name)
    if (entry === undefined) {
      const tree =
        trees === undefined
          ? Promise.reject(new MountError('no-trees', name, `${name} is mounted, and fs() has no \`trees\``))
          : loadTree(trees, name, treeLimits)
      entry = { tree, users: 0 }
      this.#trees.set(name, entry)
    }
    entry.users++
    const backend = treeBackend(await entry.tree, name)
    return new Held(backend, backend.openRoot(`/${path}`))
  }

  #leave(name: string): void {
    const entry = this.#trees.get(name)
    if (entry !== undefined && --entry.users === 0) this.#trees.delete(name)
  }

  #meter(actor: ActorContext, name: string, mount: FsMount): Meter {
    const quota = quotaOf(mount)
    if (Object.keys(quota).length === 0) return new Meter()
    // An actor's id has no NUL, nor has the name of a mount.
    const key = `${actor.id}\0${name}`
    const usage = this.#usage.get(key) ?? new Usage()
    this.#usage.set(key, usage)
    return new Meter(quota, usage)
  }
}
