/** Which package has a handler for an interface. Words for an error: nothing here is imported, and hosts may have others. */
interface HandlerPackage {
  readonly name: string
  /** Whether it serves an actor that has no grant: with nothing behind it, as an engine's own imports want it. */
  readonly inert: boolean
}

const PACKAGES: Readonly<Record<string, HandlerPackage>> = {
  'theater:actor/log': { name: 'log', inert: true },
  'theater:http': { name: 'http', inert: false },
  'theater:messaging': { name: 'messaging', inert: false },
  'theater:process': { name: 'process', inert: false },
  'theater:store': { name: 'store', inert: false },
  'theater:supervisor': { name: 'supervisor', inert: false },
  'theater:timer': { name: 'timer', inert: false },
  'wasi:cli': { name: 'cli', inert: true },
  'wasi:filesystem': { name: 'fs', inert: true },
  'wasi:keyvalue': { name: 'store', inert: false },
  'wasi:http': { name: 'http', inert: false },
}

/** What to do about an import that no handler of a host serves, as a sentence. */
export function handlerAdvice(imported: string): string {
  if (/^wasi:[^@]*@0\.3\./.test(imported)) return 'It is of WASI 0.3; handlers of Theater are of WASI 0.2.'
  if (imported.startsWith('wasi:sockets/'))
    return 'Theater has none for sockets, which would reach any address: grant "http" for what it may reach over HTTP, or add a handler of somebody else\'s.'
  const path = imported.replace(/@.*$/s, '')
  const known = [path, path.replace(/\/.*$/s, '')].find((name) => Object.hasOwn(PACKAGES, name))
  const found = known === undefined ? undefined : PACKAGES[known]
  if (found === undefined) return 'Add a handler for it.'
  const { name, inert } = found
  const add = `Add \`${name}()\` of @theater/handler-${name} to the handlers`
  return inert ? `${add}; it needs no grant for this.` : `${add}, and grant "${name}" to the actor.`
}
