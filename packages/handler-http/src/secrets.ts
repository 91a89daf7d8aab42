import type { Field } from './fields.ts'
import type { HttpGrant, Outgoing } from './grant.ts'

/** Named secrets of a host: the value, or how to get it when a request needs it. */
export type Secrets = Readonly<Record<string, string | (() => string)>>

/** What stands in a received field where a secret was. */
const REDACTED = '[redacted]'

/** The secrets that one actor's requests carry. Nothing of them is ever in a message, a description or an answer. */
export class Keyring {
  readonly #secrets: Secrets
  readonly #used = new Set<string>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** The names that a grant asks for and the host does not have. */
  missing(grant: HttpGrant): readonly string[] {
    const asked = (grant.out ?? []).flatMap(({ headers }) =>
      Object.values(headers ?? {}).map(({ secret }) => secret),
    )
    return [...new Set(asked)].filter((name) => !Object.hasOwn(this.#secrets, name))
  }

  /**
   * The fields of a request with the secrets of an entry in place of what the guest set there.
   *
   * @returns `undefined` when a secret cannot be had, or cannot be a field
   */
  dress(fields: readonly Field[], { headers = {} }: Outgoing): readonly Field[] | undefined {
    const names = new Set(Object.keys(headers))
    const dressed = fields.filter(([name]) => !names.has(name.toLowerCase()))
    for (const [name, { secret, prefix = '' }] of Object.entries(headers)) {
      const value = this.#value(secret)
      if (value === undefined) return undefined
      dressed.push([name, `${prefix}${value}`])
    }
    return dressed
  }

  /** A received value without the secrets that were sent. */
  readonly redact = (value: string): string => {
    let text = value
    for (const secret of this.#used) text = text.replaceAll(secret, REDACTED)
    return text
  }

  #value(name: string): string | undefined {
    const held = Object.hasOwn(this.#secrets, name) ? this.#secrets[name] : undefined
    let value: unknown
    try {
      value = typeof held === 'function' ? held() : held
    } catch {
      // What it says may quote the secret.
      return undefined
    }
    if (typeof value !== 'string' || !/^[\u0021-\u007e](?:[\t\u0020-\u007e]*[\u0021-\u007e])?$/.test(value))
      return undefined
    this.#used.add(value)
    return value
  }
}
