import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transpile } from '@bytecodealliance/jco'
import type { Host } from '../src/guest/host.ts'
import type { Exports } from '../src/guest/exports.ts'

/** An instance of a built component over a fake host, through jco's own glue. */
export interface Instance extends Exports {
  /** What the glue takes from the imports whose name begins with this: interface and name. */
  imported(prefix: string): string[]
}

/** Runs a component in this process. `folder` takes the glue. */
export async function instantiate(bytes: Uint8Array, host: Host, folder: string): Promise<Instance> {
  const { files } = await transpile(bytes, {
    name: 'actor',
    instantiation: 'sync',
    nodejsCompat: false,
    noTypescript: true,
    wasiShim: false,
  })
  const file = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(files[name]!)
  const glue = join(folder, 'glue.mjs')
  await writeFile(glue, file('actor.js'))
  const { instantiate: run } = (await import(/* @vite-ignore */ glue)) as {
    instantiate: (core: (name: string) => WebAssembly.Module, imports: object) => Exports
  }
  const taken = new Set<string>()
  const noted = (name: string, value: object): object =>
    new Proxy(value, {
      get(target, key) {
        taken.add(`${name} ${String(key)}`)
        return Reflect.get(target, key) as unknown
      },
    })
  const classes = resourceClasses(host)
  const imports = Object.entries({
    'theater:actor/types': {},
    'theater:actor/self': host.self ?? {},
    'theater:actor/log': host.log ?? {},
    'theater:messaging/client': host.client ?? {},
    'theater:store/blobs': host.blobs ?? {},
    'theater:store/labels': host.labels ?? {},
    'theater:store/transfers': host.transfers ?? {},
    'wasi:filesystem/types': classes.types,
    'wasi:filesystem/preopens': classes.preopens,
    'wasi:clocks/wall-clock': { now: () => ({ seconds: 86_400n, nanoseconds: 0 }) },
    'wasi:random/random': {
      getRandomBytes: (n: bigint) => new Uint8Array(Number(n)).fill(7),
      getRandomU64: () => 7n,
    },
  }).map(([name, value]) => [name, noted(name, value)] as const)
  const exported = run((name) => new WebAssembly.Module(file(name)), Object.fromEntries(imports))
  // Exports by interface name are beside the short ones, which is all that is needed here.
  return Object.assign(Object.create(null) as object, exported, {
    imported: (prefix: string) => [...taken].filter((name) => name.startsWith(prefix)).toSorted(),
  }) as Instance
}

/** The glue wants classes for resources; the fake's objects are of classes that it keeps to itself. */
function resourceClasses(host: Host): { types: object; preopens: object } {
  const preopens = host.preopens!
  class DirectoryEntryStream {
    readonly inner: { readDirectoryEntry(): unknown } & Disposable
    constructor(inner: DirectoryEntryStream['inner']) {
      this.inner = inner
    }
    readDirectoryEntry(): unknown {
      return this.inner.readDirectoryEntry()
    }
    [Symbol.dispose](): void {
      this.inner[Symbol.dispose]()
    }
  }
  interface Inner extends Disposable {
    openAt(...args: unknown[]): Inner
    read(...args: unknown[]): unknown
    stat(): unknown
    statAt(...args: unknown[]): unknown
    readDirectory(): DirectoryEntryStream['inner']
  }
  class Descriptor {
    readonly inner: Inner
    constructor(inner: Inner) {
      this.inner = inner
    }
    openAt(...args: unknown[]): Descriptor {
      return new Descriptor(this.inner.openAt(...args))
    }
    read(...args: unknown[]): unknown {
      return this.inner.read(...args)
    }
    stat(): unknown {
      return this.inner.stat()
    }
    statAt(...args: unknown[]): unknown {
      return this.inner.statAt(...args)
    }
    readDirectory(): DirectoryEntryStream {
      return new DirectoryEntryStream(this.inner.readDirectory())
    }
    [Symbol.dispose](): void {
      this.inner[Symbol.dispose]()
    }
  }
  return {
    types: { Descriptor, DirectoryEntryStream },
    preopens: {
      getDirectories: () =>
        preopens.getDirectories().map(([inner, name]) => [new Descriptor(inner as unknown as Inner), name]),
    },
  }
}
