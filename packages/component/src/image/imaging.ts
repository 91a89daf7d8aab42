/** The state of one instance between two calls: taken as data, and laid over another instance. */
import type { ResourceType } from '@theater/values'
import type { InstanceMeter, Kept } from '../instance-meter.ts'
import type { CoreState } from './core-state.ts'
import type { GlueImage, GlueState } from './glue-state.ts'
import type { GuestPlace } from './guest-handles.ts'
import { fits, layMemory, type MemoryImage, memoryImage } from './memory.ts'
import { type NoImage, noImage } from './no-image.ts'
import { freshRoom, type Room } from './room.ts'

/** What memories held when an instance was fresh: what images are written against. One serves all instances that began alike. */
export interface FirstMemory {
  readonly memories: readonly Uint8Array[]
}

/** All that an instance keeps between two calls. Plain data, but for the resource types; nothing of it changes any more, unless the room for its pages is used again. */
export interface InstanceImage {
  /** Whether what the memories do not have is what it was when the instance was fresh. Else it is zero. */
  readonly onFirst: boolean
  readonly memories: readonly MemoryImage[]
  /** The bits of the mutable globals of all core modules, but for references. */
  readonly globals: readonly bigint[]
  readonly glue: GlueImage
  /** What is left of the budget, beside fuel. */
  readonly kept: Kept
}

/** Takes and lays images of one instance. Not while a call of it runs. */
export class Imaging {
  readonly #core: CoreState
  readonly #glue: GlueState
  readonly #meter: InstanceMeter | undefined

  /** All that is called while the component is instantiated has been. */
  constructor(core: CoreState, glue: GlueState, meter: InstanceMeter | undefined) {
    this.#core = core
    this.#glue = glue
    this.#meter = meter
    core.settle()
    glue.settle()
  }

  /** Copies the memories of an instance that nothing has been called of yet. */
  first(): FirstMemory {
    return { memories: this.#core.memories.map(({ memory }) => new Uint8Array(memory.buffer.slice(0))) }
  }

  /**
   * The state as it is, or why there is no image of it.
   *
   * @param room for its pages. @default new memory
   */
  take(first?: FirstMemory, room: Room = freshRoom): InstanceImage | NoImage {
    const meter = this.#meter
    if (meter === undefined) return noImage('not-metered', 'the component was prepared without metering')
    const unfit = this.#core.unfit()
    if (unfit !== undefined) return unfit
    const glue = this.#glue.image()
    if ('none' in glue) return glue
    const { memories } = this.#core
    if (first !== undefined && first.memories.length !== memories.length)
      return noImage('misfit', 'what the memories were at first is not of this component')
    return {
      onFirst: first !== undefined,
      memories: memories.map(({ memory }, i) => memoryImage(memory, first?.memories[i], room)),
      globals: this.#core.bits(),
      glue,
      kept: meter.kept,
    }
  }

  /**
   * Makes an instance that nothing has been called of yet what an image says. Where it answers why not, the instance may be
   * anything, and is not to be used.
   */
  lay(image: InstanceImage): NoImage | undefined {
    const meter = this.#meter
    if (meter === undefined) return noImage('not-metered', 'the component was prepared without metering')
    // An instance that shows nothing of itself takes nothing either.
    const unfit = this.#core.unfit()
    if (unfit !== undefined) return unfit
    const glue = this.#glue.image()
    if ('none' in glue) return glue
    if (!this.#takes(image, meter.kept)) return noImage('misfit', 'the image is not one of this component')
    try {
      for (const [i, { memory, wide }] of this.#core.memories.entries()) {
        const of = image.memories[i]
        if (of !== undefined) layMemory(memory, of, wide, !image.onFirst)
      }
    } catch (error) {
      const why = error instanceof Error ? `: ${error.message}` : ''
      return noImage('host-memory', `the host could not give the memory of the image${why}`)
    }
    this.#core.set(image.globals)
    this.#glue.lay(image.glue)
    meter.kept = image.kept
    return undefined
  }

  /** Where a resource of the guest's own stands that the host holds by this object; undefined where that cannot be said. */
  placeOf(wrapper: object): GuestPlace | undefined {
    return this.#glue.placeOf(wrapper)
  }

  /** Makes the object by which the host holds the resource at a place, over which an image was laid; undefined where there is none. */
  objectAt(resource: ResourceType, place: GuestPlace): object | undefined {
    return this.#glue.objectAt(resource, place)
  }

  #takes({ memories, globals, glue, kept }: InstanceImage, fresh: Kept): boolean {
    const own = this.#core.memories
    if (memories.length !== own.length) return false
    const grown = memories.reduce((sum, { pages }) => sum + pages, 0) - pagesOf(own)
    return (
      memories.every((of, i) => fits(of, (own[i] as (typeof own)[number]).memory)) &&
      this.#core.takes(globals) &&
      this.#glue.takes(glue) &&
      kept.pages >= 0n &&
      // What memories took is gone from it; objects of the engine's may have taken more.
      kept.pages <= fresh.pages - BigInt(grown) &&
      kept.elements === fresh.elements &&
      kept.depth >= 0 &&
      kept.depth <= fresh.depth
    )
  }
}

function pagesOf(memories: CoreState['memories']): number {
  return memories.reduce((sum, { memory }) => sum + memory.buffer.byteLength / 65_536, 0)
}
