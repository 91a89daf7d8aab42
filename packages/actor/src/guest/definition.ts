import type {
  Channel,
  ChannelEnd,
  ChildEnd,
  Firing,
  Published,
  Socket,
  SocketEnd,
  SocketRequest,
} from '../capabilities.ts'
import type { Json } from '../json.ts'
import type { StandardSchema } from '../schema.ts'

/** The definition, as it is at run time. */
export interface Loose {
  readonly state?: unknown
  readonly load?: (saved: Json) => unknown
  readonly params?: StandardSchema
  readonly init?: (ctx: object, params: unknown) => unknown
  readonly accepts?: { readonly [type: string]: StandardSchema }
  readonly messages?: { readonly [type: string]: (ctx: object, body: unknown) => unknown }
  readonly subscriptions?: {
    readonly [topic: string]: (ctx: object, body: unknown, published: Published) => unknown
  }
  readonly channels?: {
    readonly open?: (ctx: object, channel: Channel, body: unknown) => unknown
    readonly accepted?: (ctx: object, channel: Channel) => unknown
    readonly message?: (ctx: object, channel: Channel, body: unknown) => unknown
    readonly closed?: (ctx: object, channel: Channel, end: ChannelEnd) => unknown
  }
  readonly websocket?: {
    readonly open?: (ctx: object, socket: Socket, request: SocketRequest) => unknown
    readonly message?: (ctx: object, socket: Socket, data: string | Uint8Array) => unknown
    readonly close?: (ctx: object, socket: Socket, end: SocketEnd) => unknown
  }
  readonly onChildEnded?: (ctx: object, child: ChildEnd) => unknown
  readonly timers?: { readonly [name: string]: (ctx: object, body: unknown, firing: Firing) => unknown }
  readonly fetch?: (ctx: object, request: Request) => Response | Promise<Response>
}
