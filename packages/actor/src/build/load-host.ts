import { createHash } from 'node:crypto'

/** What the engine gets while it loads the modules of an actor. */
export interface LoadInputs {
  /** What it reads from its standard input. */
  readonly stdin: string
  readonly env: Readonly<Record<string, string>>
  /** All files that there are, by their name in the root folder. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /**
   * Whether its own clock goes on in the actor. Then its monotonic one begins here as there, near zero. Else it stands still
   * after this, and there is one time for all.
   */
  readonly clocks: boolean
}

/** When every actor is built, as far as its modules and the engine can tell: 2000-01-01T00:00:00Z, in nanoseconds. */
const buildTime = 946_684_800_000_000_000n

/** The error numbers of WASI preview 1 that are given here. */
const errno = { badf: 8, noent: 44, notsup: 58, spipe: 70 } as const

/** How much is kept of what the actor writes, which may be without end. */
const outputKept = 65_536

const wallClock = 0

const fileType = { characterDevice: 2, directory: 3, regularFile: 4 } as const

/** The one folder, as a preopen. */
const root = 3

interface OpenFile {
  readonly data: Uint8Array
  at: number
}

/** The engine called what it cannot have while it loads, or ended itself. */
class LoadExit extends Error {}

/**
 * WASI for an engine that loads modules: all that it is told is in its inputs, so that it comes to the same state whoever
 * builds, wherever, and whenever. The clock begins at one fixed time and goes on by a microsecond with each reading, so that
 * a loop that waits for it ends; randomness is one fixed stream.
 */
export class LoadHost {
  readonly #inputs: LoadInputs
  readonly #open = new Map<number, OpenFile>()
  #memory: WebAssembly.Memory | undefined
  #readings = 0n
  #draws = 0
  #output = ''

  constructor(inputs: LoadInputs) {
    this.#inputs = inputs
    this.#open.set(0, { data: Buffer.from(inputs.stdin), at: 0 })
  }

  /** The begin of what it has written, to standard output and error. */
  get output(): string {
    return this.#output
  }

  /** The time now, in nanoseconds. */
  get now(): bigint {
    return buildTime + this.#readings * 1000n
  }

  /** Imports for a module; all that are not of WASI preview 1 throw. */
  imports(module: WebAssembly.Module): WebAssembly.Imports {
    const own: Readonly<Record<string, (...parameters: never[]) => number>> = this.#functions()
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {}
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      const found = from === 'wasi_snapshot_preview1' && Object.hasOwn(own, name) ? own[name] : undefined
      const refuse = (): never => {
        throw new LoadExit(`${from} ${name} is not there while the modules of an actor are loaded`)
      }
      ;(imports[from] ??= {})[name] = found ?? refuse
    }
    return imports
  }

  /** Gives it the memory of the instance, before anything of that runs. */
  bind(memory: WebAssembly.Memory): void {
    this.#memory = memory
  }

  get #view(): DataView {
    return new DataView(this.#memory!.buffer)
  }

  #bytes(at: number, length: number): Buffer {
    return Buffer.from(this.#memory!.buffer, at, length)
  }

  /** https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md, what the engine calls of it. */
  #functions(): Record<string, (...parameters: never[]) => number> {
    const variables = Object.entries(this.#inputs.env).map(([name, value]) => `${name}=${value}\0`)
    const { files } = this.#inputs
    return {
      args_sizes_get: (count: number, size: number) => this.#sizes([], count, size),
      args_get: () => 0,
      environ_sizes_get: (count: number, size: number) => this.#sizes(variables, count, size),
      environ_get: (list: number, at: number) => this.#strings(variables, list, at),
      clock_time_get: (clock: number, _precision: bigint, out: number) => {
        // Zero would be no time at all to the engine.
        this.#readings++
        const fromZero = this.#inputs.clocks && clock !== wallClock
        this.#view.setBigUint64(out, fromZero ? this.now - buildTime : this.now, true)
        return 0
      },
      random_get: (at: number, length: number) => {
        for (let done = 0; done < length; done += 32) {
          const block = createHash('sha256')
            .update(`theater build ${this.#draws++}`)
            .digest()
          block.copy(this.#bytes(at + done, Math.min(32, length - done)))
        }
        return 0
      },
      fd_prestat_get: (fd: number, out: number) => {
        if (fd !== root) return errno.badf
        this.#view.setUint32(out, 0, true)
        this.#view.setUint32(out + 4, 1, true)
        return 0
      },
      fd_prestat_dir_name: (fd: number, at: number) => {
        if (fd !== root) return errno.badf
        this.#view.setUint8(at, '/'.charCodeAt(0))
        return 0
      },
      fd_fdstat_get: (fd: number, out: number) => {
        const type =
          fd === root ? fileType.directory : fd > root ? fileType.regularFile : fileType.characterDevice
        if (fd > root && !this.#open.has(fd)) return errno.badf
        this.#bytes(out, 24).fill(0)
        this.#view.setUint8(out, type)
        // All rights.
        this.#bytes(out + 8, 16).fill(0xff)
        return 0
      },
      fd_fdstat_set_flags: () => 0,
      path_open: (
        _fd: number,
        _lookup: number,
        path: number,
        length: number,
        _flags: number,
        _rights: bigint,
        _inheriting: bigint,
        _fdFlags: number,
        out: number,
      ) => {
        const data = files.get(this.#bytes(path, length).toString())
        if (data === undefined) return errno.noent
        let fd = root + 1
        while (this.#open.has(fd)) fd++
        this.#open.set(fd, { data, at: 0 })
        this.#view.setUint32(out, fd, true)
        return 0
      },
      path_filestat_get: (_fd: number, _flags: number, path: number, length: number, out: number) => {
        const data = files.get(this.#bytes(path, length).toString())
        if (data === undefined) return errno.noent
        this.#bytes(out, 64).fill(0)
        this.#view.setUint8(out + 16, fileType.regularFile)
        this.#view.setBigUint64(out + 32, BigInt(data.length), true)
        return 0
      },
      fd_read: (fd: number, vectors: number, count: number, out: number) => {
        const file = this.#open.get(fd)
        if (file === undefined) return errno.badf
        return this.#each(vectors, count, out, (bytes) => {
          const piece = file.data.subarray(file.at, file.at + bytes.length)
          bytes.set(piece)
          file.at += piece.length
          return piece.length
        })
      },
      fd_seek: (fd: number, offset: bigint, whence: number, out: number) => {
        const file = this.#open.get(fd)
        if (file === undefined) return errno.badf
        if (fd < root) return errno.spipe
        const from = [0, file.at, file.data.length][whence] ?? 0
        file.at = from + Number(offset)
        this.#view.setBigUint64(out, BigInt(file.at), true)
        return 0
      },
      fd_close: (fd: number) => (this.#open.delete(fd) ? 0 : errno.badf),
      fd_write: (fd: number, vectors: number, count: number, out: number) => {
        if (fd !== 1 && fd !== 2) return errno.badf
        return this.#each(vectors, count, out, (bytes) => {
          if (this.#output.length < outputKept) this.#output += bytes.toString()
          return bytes.length
        })
      },
      fd_readdir: () => errno.notsup,
      path_remove_directory: () => errno.notsup,
      path_unlink_file: () => errno.notsup,
      proc_exit: (code: number) => {
        throw new LoadExit(`the engine ended with ${code}`)
      },
    }
  }

  #sizes(strings: readonly string[], count: number, size: number): number {
    this.#view.setUint32(count, strings.length, true)
    this.#view.setUint32(size, Buffer.byteLength(strings.join('')), true)
    return 0
  }

  #strings(strings: readonly string[], list: number, at: number): number {
    for (const [index, text] of strings.entries()) {
      this.#view.setUint32(list + 4 * index, at, true)
      at += this.#bytes(at, Buffer.byteLength(text)).write(text)
    }
    return 0
  }

  #each(vectors: number, count: number, out: number, pass: (bytes: Buffer) => number): number {
    let sum = 0
    for (let at = vectors; at < vectors + 8 * count; at += 8) {
      sum += pass(this.#bytes(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true)))
    }
    this.#view.setUint32(out, sum, true)
    return 0
  }
}
