/** The namespace of a grant, as backends know it. Prefixed: an actor's id and the name of a shared one may be the same text. */
export function spaceOf(namespace: string | undefined, actor: string): string {
  return namespace === undefined ? `actor:${actor}` : `shared:${namespace}`
}
