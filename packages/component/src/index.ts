/**
 * From the bytes of a WebAssembly component to a checked, typed, runnable module. The only package that knows jco.
 *
 * This entry runs in a browser, with a transpiler that the embedder gives; `@theater/component/node` brings one that
 * works in a worker, and a cache on disk.
 *
 * @module
 */
export { codeFacts, type CodeFacts } from './code-facts.ts'
export { resealed } from './entry.ts'
export { ComponentError, type ComponentErrorCode } from './errors.ts'
export { defaultLimits } from './limits.ts'
export { BYTE_FUEL, CROSSING_FUEL, FREE_BYTES } from './costs.ts'
export { InstanceMeter, type Budget, type Kept, type Tripped } from './instance-meter.ts'
export type { CapturedImage, GlueImage, TableImage } from './image/glue-state.ts'
export type { GuestPlace } from './image/guest-handles.ts'
export type { FirstMemory, Imaging, InstanceImage } from './image/imaging.ts'
export { IMAGE_PAGE, type MemoryImage, type Run } from './image/memory.ts'
export { ImageRoom, type Room } from './image/room.ts'
export type { NoImage, NoImageCode } from './image/no-image.ts'
export { loadComponent, recallComponent } from './load.ts'
export { meter, meterModule, type MeterOptions } from './meter/meter.ts'
export { meterNeeds, type MeterNeeds } from './meter/needs.ts'
export { Stacks } from './stacks.ts'
export { hostCause, isPoison, poison, trapCode, unreachable } from './trap.ts'
export { type Generate, generateOptions, inThread } from './transpile.ts'
export { jcoVersion, version } from './version.ts'
export type {
  CheckedComponent,
  Component,
  ComponentCache,
  ComponentSource,
  GuestFunction,
  HostCause,
  HostFunction,
  HostImports,
  Instance,
  InstanceHooks,
  LoadLimits,
  LoadOptions,
  Metering,
  MeterRequest,
  MeterVersion,
  Plan,
  Prepared,
  Resources,
  Transpiled,
  TranspileRequest,
  Transpiler,
  TrapCode,
} from './types.ts'
