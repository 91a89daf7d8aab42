import type { WasiHttpTypes, WasiIoStreams } from '@theater/wit'
import { err } from './fake-host.ts'

/** A request for an actor, and what became of it. */
export class FakeVisit {
  method: WasiHttpTypes.Method = { tag: 'get' }
  path: string | undefined = '/'
  authority: string | undefined = 'example.org'
  headers: [string, Uint8Array][] = []
  /** Pieces of the body; an error is where it breaks off. */
  body: (string | Error)[] = []
  /** How many bytes the host takes at once. */
  room = Infinity
  /** Header names that the host refuses. */
  forbidden = new Set<string>()

  /** What left. */
  status: number | undefined
  readonly sent: [string, string][] = []
  text = ''
  whole = false
  /** How many resources the guest has not given back. */
  held = 0

  /** `wasi:http/types` as the engine's bindings give it. */
  readonly types = this.#types() as unknown as typeof WasiHttpTypes
  readonly incoming = this.#incoming() as unknown as WasiHttpTypes.IncomingRequest
  readonly out = this.#held({ isOut: true }) as unknown as WasiHttpTypes.ResponseOutparam

  #held<T extends object>(resource: T): T & Disposable {
    this.held++
    return Object.assign(resource, {
      [Symbol.dispose]: () => void this.held--,
    })
  }

  #incoming(): object {
    return this.#held({
      method: () => this.method,
      scheme: () => undefined,
      authority: () => this.authority,
      pathWithQuery: () => this.path,
      headers: () => this.#held({ entries: () => this.headers }),
      consume: () => this.#held({ stream: () => this.#held({ blockingRead: () => this.#read() }) }),
    })
  }

  #read(): Uint8Array {
    const next = this.body.shift()
    if (typeof next === 'string') return new TextEncoder().encode(next)
    if (next === undefined) throw err({ tag: 'closed' } satisfies WasiIoStreams.StreamError)
    throw err({ tag: 'last-operation-failed', val: this.#held({}) })
  }

  #types(): object {
    const held = this.#held.bind(this)
    // oxlint-disable-next-line typescript/no-this-alias -- classes below have a `this` of their own
    const visit = this
    class OutgoingResponse {
      status = 200
      readonly fields: [string, Uint8Array][]
      constructor(fields: { readonly list: [string, Uint8Array][] }) {
        this.fields = fields.list
      }
      setStatusCode(status: number): void {
        if (status > 599) throw err(undefined)
        this.status = status
      }
      body(): object {
        return held({
          write: () =>
            held({
              checkWrite: () => BigInt(Math.min(visit.room, 1 << 20)),
              write: (bytes: Uint8Array) => {
                if (bytes.length > visit.room)
                  throw new Error('a guest that writes more than there is room for traps')
                visit.text += new TextDecoder().decode(bytes)
              },
            }),
        })
      }
    }
    return {
      Fields: {
        fromList: (list: [string, Uint8Array][]) => {
          if (list.some(([name]) => this.forbidden.has(name))) throw err({ tag: 'forbidden' })
          return { list }
        },
      },
      OutgoingResponse,
      ResponseOutparam: {
        set: (_out: object, result: { readonly val: OutgoingResponse }) => {
          this.held--
          this.status = result.val.status
          for (const [name, value] of result.val.fields)
            this.sent.push([name, new TextDecoder('latin1').decode(value)])
        },
      },
      OutgoingBody: {
        finish: () => {
          this.held--
          this.whole = true
        },
      },
    }
  }
}
