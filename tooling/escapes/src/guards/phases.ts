import { type Guards, off } from './patch.ts'

/** What keeps the phases of an actor's life apart. */
export const phases: Guards = {
  'one-turn': [
    off('boundary/src/boundary.ts', "if (this.#running) throw new BoundaryError('busy',"),
    {
      file: 'runtime/src/turns.ts',
      text: '|| !alive() || this.#pumping !== undefined) return',
      with: '|| !alive()) return',
    },
    {
      file: 'runtime/src/turns.ts',
      text: "no actor runs on another's stack.\n    await Promise.resolve()\n",
      with: "no actor runs on another's stack.\n",
    },
  ],
  'init-fails': [
    {
      file: 'runtime/src/failures.ts',
      text: "  if (reply.tag === 'answered') {\n    const result = reply.value as { readonly tag: 'ok' }",
      with: "  if (reply.tag === 'trapped' || reply.tag === 'answered') return undefined\n  if (reply.tag === 'answered') {\n    const result = reply.value as { readonly tag: 'ok' }",
    },
  ],
}
