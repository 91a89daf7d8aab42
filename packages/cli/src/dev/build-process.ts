/** Builds actors in a process of its own: adding the engine waits for another program, and nothing else happens meanwhile. */
import { build, BuildError } from '@theater/actor/build'
import type { Built, Diagnostic } from '@theater/actor/build'

/** What is asked for. */
export interface Order {
  readonly entry: string
  /** Where components are kept by what they are made of. @default none are */
  readonly cache?: string
}

/** What comes back. `inputs` are the files that were read, also where it failed. */
export type Delivery = { readonly inputs: readonly string[] } & (
  | { readonly built: Built }
  | { readonly refused: Refused }
  | { readonly failed: string }
)

/** A build that was refused for what the sources say. */
interface Refused {
  readonly code: string
  readonly message: string
  readonly diagnostics: readonly Diagnostic[]
}

process.on('message', (order: Order) => {
  const inputs = new Set<string>()
  build({ ...order, inputs }).then(
    (built) => answer({ inputs: [...inputs], built }),
    (error: unknown) => answer({ inputs: [...inputs], ...reasonOf(error) }),
  )
})

function reasonOf(error: unknown): { readonly refused: Refused } | { readonly failed: string } {
  if (!BuildError.is(error)) {
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  const { code, message, diagnostics } = error
  return { refused: { code, message, diagnostics } }
}

function answer(delivery: Delivery): void {
  // Whoever asked may be gone.
  process.send?.(delivery, undefined, undefined, () => undefined)
}
