/**
 * What jco's own component gets for a world: nothing. It is WebAssembly built for WASI, and by default it would be
 * given the file system and the environment of the host; for making JavaScript out of bytes it needs neither.
 */

function none(): never {
  throw new Error('jco asked for something outside the bytes it was given')
}

class Nothing {
  constructor() {
    none()
  }
}

/** A stream that swallows what is written: a panic of jco prints its message before it traps. */
class OutputStream {
  checkWrite(): bigint {
    return 4096n
  }
  write(): void {}
  blockingWriteAndFlush(): void {}
  blockingFlush(): void {}
}

const stream = new OutputStream()

export const environment = { getEnvironment: (): [string, string][] => [] }
export const exit = { exit: none }
export const stderr = { getStderr: (): OutputStream => stream }
export const stdout = { getStdout: (): OutputStream => stream }
export const stdin = { getStdin: none }
export const terminalInput = { TerminalInput: class TerminalInput extends Nothing {} }
export const terminalOutput = { TerminalOutput: class TerminalOutput extends Nothing {} }
export const terminalStderr = { getTerminalStderr: (): undefined => undefined }
export const terminalStdin = { getTerminalStdin: (): undefined => undefined }
export const terminalStdout = { getTerminalStdout: (): undefined => undefined }
export const preopens = { getDirectories: (): never[] => [] }
export const types = {
  Descriptor: class Descriptor extends Nothing {},
  DirectoryEntryStream: class DirectoryEntryStream extends Nothing {},
  filesystemErrorCode: (): undefined => undefined,
}
export const error = { Error: class IoError extends Nothing {} }
export const streams = { InputStream: class InputStream extends Nothing {}, OutputStream }
/** Seeds of hash tables. */
export const random = {
  getRandomBytes: (length: bigint): Uint8Array =>
    globalThis.crypto.getRandomValues(new Uint8Array(Number(length))),
}
