import { hex, sameBytes } from '../cbor-bytes.ts'
import { ChainError } from '../errors.ts'
import { base64, fromBase64 } from './base64.ts'

/** What a key signs: notes, as a log does (1), or with a time, as a witness does (4). The numbers are those of C2SP. */
export const keyTypes = { note: 1, cosignature: 4 } as const
/** @see {@link keyTypes} */
export type KeyType = keyof typeof keyTypes

/**
 * A public Ed25519 key, and the name that goes with it.
 *
 * @see https://c2sp.org/signed-note
 */
export class VerifierKey {
  /** A URL without a schema, as `example.com/theater`: no space, no plus. */
  readonly name: string
  readonly type: KeyType
  /** The first four bytes of a hash of name, type and key: which key a signature claims to be of. Lower-case hexadecimal. */
  readonly id: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly #key: CryptoKey

  private constructor(name: string, type: KeyType, id: string, publicKey: Uint8Array, key: CryptoKey) {
    this.name = name
    this.type = type
    this.id = id
    this.publicKey = publicKey
    this.#key = key
  }

  /** @throws ChainError `bad-key` for a name that cannot be one, or bytes that are no key */
  static async of(name: string, publicKey: Uint8Array, type: KeyType = 'note'): Promise<VerifierKey> {
    checkKeyName(name)
    const bytes = publicKey.slice()
    return new VerifierKey(name, type, await keyId(name, type, bytes), bytes, await importPublic(bytes))
  }

  /**
   * Reads `NAME+ID+KEY`, as `theater key` prints it and the tools of the field exchange it.
   *
   * @throws ChainError `bad-key`
   */
  static async parse(text: string): Promise<VerifierKey> {
    const [name, id, key, ...rest] = splitKey(text.trim(), 2)
    const bytes = key === undefined ? undefined : fromBase64(key)
    if (name === undefined || id === undefined || bytes === undefined || rest.length > 0) throw notAKey()
    const type =
      bytes[0] === keyTypes.note ? 'note' : bytes[0] === keyTypes.cosignature ? 'cosignature' : undefined
    if (type === undefined || bytes.length !== 33) {
      throw new ChainError('bad-key', 'the key is not of Ed25519, of a log or a witness')
    }
    const verifier = await VerifierKey.of(name, bytes.subarray(1), type)
    if (verifier.id !== id)
      throw new ChainError('bad-key', `the key has the id ${verifier.id}, and not ${id}`)
    return verifier
  }

  /** `NAME+ID+KEY`, which {@link VerifierKey.parse} reads. */
  toString(): string {
    return `${this.name}+${this.id}+${base64(typed(this.type, this.publicKey))}`
  }

  /** Whether it is this very key under this very name. */
  equals(other: VerifierKey): boolean {
    return this.name === other.name && this.type === other.type && sameBytes(this.publicKey, other.publicKey)
  }

  /** Whether these 64 bytes are the key's signature of the message. */
  async verifies(message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return (
      signature.length === 64 && crypto.subtle.verify('Ed25519', this.#key, plain(signature), plain(message))
    )
  }
}

/** A private Ed25519 key, and the name that goes with it. */
export class SigningKey {
  readonly verifier: VerifierKey
  readonly #seed: Uint8Array
  readonly #key: CryptoKey

  private constructor(verifier: VerifierKey, seed: Uint8Array, key: CryptoKey) {
    this.verifier = verifier
    this.#seed = seed
    this.#key = key
  }

  /**
   * Makes a new key from the system's randomness.
   *
   * @throws ChainError `bad-key` for a name that cannot be one
   */
  static generate(name: string, type: KeyType = 'note'): Promise<SigningKey> {
    return SigningKey.#from(name, crypto.getRandomValues(new Uint8Array(32)), type)
  }

  static async #from(name: string, seed: Uint8Array, type: KeyType): Promise<SigningKey> {
    checkKeyName(name)
    const key = await crypto.subtle.importKey('pkcs8', pkcs8(seed), 'Ed25519', true, ['sign'])
    const { x } = await crypto.subtle.exportKey('jwk', key)
    const publicKey = Uint8Array.fromBase64(x as string, { alphabet: 'base64url' })
    return new SigningKey(await VerifierKey.of(name, publicKey, type), seed, key)
  }

  /**
   * Reads `PRIVATE+KEY+NAME+ID+KEY`, as {@link SigningKey.secret} gives it. The message of an error has nothing of it.
   *
   * @throws ChainError `bad-key`
   */
  static async parse(text: string): Promise<SigningKey> {
    const [first, second, name, id, key, ...rest] = splitKey(text.trim(), 4)
    const bytes = key === undefined ? undefined : fromBase64(key)
    if (
      first !== 'PRIVATE' ||
      second !== 'KEY' ||
      name === undefined ||
      bytes === undefined ||
      rest.length > 0
    ) {
      throw new ChainError('bad-key', 'this is not a private key: PRIVATE+KEY+NAME+ID+KEY')
    }
    const type =
      bytes[0] === keyTypes.note ? 'note' : bytes[0] === keyTypes.cosignature ? 'cosignature' : undefined
    if (type === undefined || bytes.length !== 33)
      throw new ChainError('bad-key', 'the private key is not of Ed25519')
    const signing = await SigningKey.#from(name, bytes.slice(1), type)
    if (signing.verifier.id !== id)
      throw new ChainError('bad-key', 'the private key does not have the id that it says')
    return signing
  }

  /** `PRIVATE+KEY+NAME+ID+KEY`: whoever has it can sign in this name. */
  secret(): string {
    const { name, id, type } = this.verifier
    return `PRIVATE+KEY+${name}+${id}+${base64(typed(type, this.#seed))}`
  }

  /** Signs a message. 64 bytes. */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign('Ed25519', this.#key, plain(message)))
  }
}

/**
 * Refuses a name that no key may have.
 *
 * @throws ChainError `bad-key`
 */
export function checkKeyName(name: string): void {
  if (name === '' || name.length > 255 || /[\s+\p{Cc}]/u.test(name) || !name.isWellFormed()) {
    throw new ChainError(
      'bad-key',
      `a key's name has 1 to 255 characters, no space and no plus: ${JSON.stringify(name)}`,
    )
  }
}

async function keyId(name: string, type: KeyType, publicKey: Uint8Array): Promise<string> {
  const head = new TextEncoder().encode(`${name}\n`)
  const bytes = new Uint8Array(head.length + 33)
  bytes.set(head)
  bytes.set(typed(type, publicKey), head.length)
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).subarray(0, 4))
}

async function importPublic(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', bytes, 'Ed25519', true, ['verify'])
  } catch (cause) {
    throw new ChainError('bad-key', 'these bytes are not a public Ed25519 key', { cause })
  }
}

/** A seed in the wrapping that the platform imports: RFC 8410, section 7. */
function pkcs8(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(48)
  bytes.set(Uint8Array.fromHex('302e020100300506032b657004220420'))
  bytes.set(seed, 16)
  return bytes
}

function typed(type: KeyType, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(33)
  bytes[0] = keyTypes[type]
  bytes.set(key, 1)
  return bytes
}

/** The parts between the first plus signs: base64 has some of its own. */
function splitKey(text: string, signs: number): string[] {
  const parts = text.split('+')
  return [...parts.slice(0, signs), parts.slice(signs).join('+')]
}

function notAKey(): ChainError {
  return new ChainError('bad-key', 'this is not a public key: NAME+ID+KEY, as `theater key` prints it')
}

/** What the platform takes: bytes that nobody shares. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
