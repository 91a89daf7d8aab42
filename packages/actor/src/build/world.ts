import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AmbientUse } from './ambient.ts'
import type { ActorShape } from './analyse.ts'

/** The world of an actor, for componentize-js. */
export interface World {
  /** One WIT text with all that it needs. */
  readonly wit: string
  /** What the kit calls each import: the property of `Host`, and the module it comes from. */
  readonly modules: readonly (readonly [property: string, module: string])[]
  /** The features of the engine that stay on. */
  readonly features: readonly Feature[]
}

/** A feature of the engine, which brings WASI imports of its own. */
export type Feature = 'stdio' | 'random' | 'clocks' | 'http' | 'fetch-event'

/** All features. */
export const features: readonly Feature[] = ['stdio', 'random', 'clocks', 'http', 'fetch-event']

/**
 * A stand-in for the package name `wasi:filesystem`, as long as it. A world that names `wasi:filesystem` makes
 * componentize-js keep the engine's own file system, which imports nine more interfaces that the actor never calls.
 * So the world names this, and {@link restoreNames} puts the real name into the component.
 */
const filesystem = { real: 'wasi:filesystem', standIn: 'wasi:filesysten' }

const wasi = '0.2.12'

/** What an actor imports that the kit knows nothing of. */
export interface Foreign {
  /** Nested packages, as text. */
  readonly packages: readonly string[]
  /** Those of their interfaces that its sources import. */
  readonly interfaces: readonly string[]
}

/** The world that this shape asks for: only what it uses, and of WASI only the functions that the kit calls. */
export function worldOf(
  shape: ActorShape,
  ambient: readonly AmbientUse[] = [],
  foreign: Foreign = { packages: [], interfaces: [] },
): World {
  const uses = new Set(shape.uses)
  const modules: [string, string][] = []
  const packages: string[] = []
  const lines: string[] = []
  const enabled: Feature[] = []
  const add = (property: string, name: string): void => {
    modules.push([property, name])
    lines.push(`  import ${name};`)
  }
  // The name of a channel says who is at its ends, and not which one asks.
  if (uses.has('self') || uses.has('channels')) add('self', 'theater:actor/self@0.1.0')
  if (uses.has('log')) add('log', 'theater:actor/log@0.1.0')
  if (uses.has('messaging')) add('client', 'theater:messaging/client@0.1.0')
  if (uses.has('topics')) add('topics', 'theater:messaging/topics@0.1.0')
  if (uses.has('channels')) add('channels', 'theater:messaging/channels@0.1.0')
  if (uses.has('websocket')) {
    add('sockets', 'theater:http/websocket@0.1.0')
  }
  if (uses.has('websocket') || shape.fetch) packages.push(theater('http'))
  if (uses.has('store')) {
    add('blobs', 'theater:store/blobs@0.1.0')
    add('labels', 'theater:store/labels@0.1.0')
    add('transfers', 'theater:store/transfers@0.1.0')
    packages.push(theater('store'))
  }
  if (uses.has('supervisor')) add('children', 'theater:supervisor/children@0.1.0')
  if (uses.has('supervisor') || shape.childEnded) packages.push(theater('supervisor'))
  if (uses.has('process')) {
    add('programs', 'theater:process/programs@0.1.0')
    packages.push(theater('process'))
  }
  if (uses.has('timer')) {
    add('alarms', 'theater:timer/timers@0.1.0')
    packages.push(theater('timer'))
  }
  if (uses.has('fs')) {
    add('preopens', `${filesystem.standIn}/preopens@${wasi}`)
    packages.push(filesystemWit)
  }
  // With its own clock on the engine reads it some twenty times a turn and imports wasi:cli/stderr, so it is on only
  // where something waits.
  if (ambient.includes('timers')) enabled.push('clocks')
  else if (ambient.includes('time')) {
    add('wallClock', `wasi:clocks/wall-clock@${wasi}`)
    packages.push(clocksWit)
  }
  if (ambient.includes('chance')) enabled.push('random')
  if (uses.has('http') || shape.fetch) {
    add('http', `wasi:http/types@${wasi}`)
    packages.push(wasiText('io'), wasiText('http'))
  }
  if (uses.has('http')) {
    add('outgoing', `wasi:http/outgoing-handler@${wasi}`)
    add('poll', `wasi:io/poll@${wasi}`)
    add('monotonicClock', `wasi:clocks/monotonic-clock@${wasi}`)
    packages.push(wasiText('clocks'))
  }
  for (const name of foreign.interfaces) lines.push(importOf(name))
  if (shape.fetch)
    lines.push('  export theater:http/request-handler@0.1.0;', `  export wasi:http/incoming-handler@${wasi};`)
  if (shape.init || shape.subscriptions) lines.push('  export theater:actor/lifecycle@0.1.0;')
  if (shape.state) lines.push('  export theater:actor/migration@0.1.0;')
  if (shape.subscriptions) lines.push('  export theater:messaging/subscriber@0.1.0;')
  if (shape.channels) lines.push('  export theater:messaging/channel-peer@0.1.0;')
  if (shape.websocket) lines.push('  export theater:http/websocket-handler@0.1.0;')
  if (shape.childEnded) lines.push('  export theater:supervisor/watcher@0.1.0;')
  if (shape.timers) lines.push('  export theater:timer/target@0.1.0;')
  if (shape.messages) {
    lines.push('  export theater:messaging/receiver@0.1.0;', '  export theater:messaging/responder@0.1.0;')
  }
  const wit = [
    'package root:component;',
    theater('actor'),
    theater('messaging'),
    ...packages,
    ...(foreign.interfaces.length > 0 ? foreign.packages : []),
    `world actor {\n${lines.join('\n')}\n}`,
  ].join('\n\n')
  return { wit: `${wit}\n`, modules, features: enabled }
}

/** The line of a world that imports an interface, whose name may be a word of WIT. */
export function importOf(name: string): string {
  return `  import ${name.replace('/', '/%')};`
}

/** What every actor's world has, for interfaces that use its types. */
export function actorPackage(): string {
  return theater('actor')
}

/** Puts the real package names into a built component, in place. */
export function restoreNames(component: Uint8Array): void {
  const bytes = Buffer.from(component.buffer, component.byteOffset, component.byteLength)
  for (let at = bytes.indexOf(filesystem.standIn); at >= 0; at = bytes.indexOf(filesystem.standIn, at)) {
    bytes.write(filesystem.real, at, 'latin1')
  }
}

/** A package of ours, nested. */
function theater(name: string): string {
  return nested(`theater/${name}`, `theater:${name}@0.1.0`)
}

/**
 * A package of WASI, nested: whole, since what the engine brings of it is whole. Without its worlds, which want packages
 * that are not here, and with `duration` spelled out, for the `use` would import the clock.
 */
function wasiText(name: string): string {
  return nested(`wasi/${name}`, `wasi:${name}@${wasi}`)
    .replaceAll(/^world [^{]*\{[^}]*\}$/gm, '')
    .replace(/use wasi:clocks[^;]*\{duration\};/, 'type duration = u64;')
}

function nested(file: string, name: string): string {
  const text = readFileSync(fileURLToPath(import.meta.resolve(`@theater/wit/wit/${file}.wit`)), 'utf8')
  const header = `package ${name};`
  const at = text.indexOf(header)
  if (at < 0) throw new Error(`@theater/wit has no ${header}`)
  return `${text.slice(0, at)}package ${name} {${text.slice(at + header.length)}}`
}

const clocksWit = `package wasi:clocks@${wasi} {
  interface wall-clock {
    record datetime { seconds: u64, nanoseconds: u32 }
    now: func() -> datetime;
  }
}`

// `datetime` is spelled out: records are compared by structure, and a `use` would import the clock.
const filesystemWit = `package ${filesystem.standIn}@${wasi} {
  interface types {
    type filesize = u64;
    type link-count = u64;
    record datetime { seconds: u64, nanoseconds: u32 }
    enum descriptor-type {
      unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket,
    }
    flags descriptor-flags {
      read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory,
    }
    record descriptor-stat {
      %type: descriptor-type,
      link-count: link-count,
      size: filesize,
      data-access-timestamp: option<datetime>,
      data-modification-timestamp: option<datetime>,
      status-change-timestamp: option<datetime>,
    }
    flags path-flags { symlink-follow }
    flags open-flags { create, directory, exclusive, truncate }
    record directory-entry { %type: descriptor-type, name: string }
    enum error-code {
      access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large,
      illegal-byte-sequence, in-progress, interrupted, invalid, io, is-directory, loop, too-many-links,
      message-size, name-too-long, no-device, no-entry, no-lock, insufficient-memory, insufficient-space,
      not-directory, not-empty, not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted,
      pipe, read-only, invalid-seek, text-file-busy, cross-device,
    }
    resource descriptor {
      read: func(length: filesize, offset: filesize) -> result<tuple<list<u8>, bool>, error-code>;
      read-directory: func() -> result<directory-entry-stream, error-code>;
      stat: func() -> result<descriptor-stat, error-code>;
      stat-at: func(path-flags: path-flags, path: string) -> result<descriptor-stat, error-code>;
      open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
        -> result<descriptor, error-code>;
    }
    resource directory-entry-stream {
      read-directory-entry: func() -> result<option<directory-entry>, error-code>;
    }
  }
  interface preopens {
    use types.{descriptor};
    get-directories: func() -> list<tuple<descriptor, string>>;
  }
}`
