/** What projects there are, and what each is. */
export const templates = {
  actor: 'an actor in TypeScript, its manifest, and tests that run it and verify its record',
  http: 'an actor that answers HTTP requests: a guest book, and tests that ask it over loopback',
  handler:
    'a capability of your own, with a grant, a backend in memory, and the laws that every handler passes',
} as const

/** The name of a template. */
export type Template = keyof typeof templates

/** The names, as a choice for people: `actor, http or handler`. */
export const templateNames = Object.keys(templates)
  .join(', ')
  .replace(/, ([^,]*)$/, ' or $1')

/** Whether there is a template of that name. */
export function isTemplate(name: string): name is Template {
  return Object.hasOwn(templates, name)
}
