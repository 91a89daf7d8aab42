/** What projects there are, and what each is. */
export const templates = {
  actor: 'an actor in TypeScript, its manifest, and tests that run it and verify its record',
  handler:
    'a capability of your own, with a grant, a backend in memory, and the laws that every handler passes',
} as const

/** The name of a template. */
export type Template = keyof typeof templates

/** Whether there is a template of that name. */
export function isTemplate(name: string): name is Template {
  return Object.hasOwn(templates, name)
}
