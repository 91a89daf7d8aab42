// Loaded before a program, with --import: writes the names of all modules that it loads to the file in LOADED.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    appendFileSync(process.env.LOADED, `${found.url}\n`)
    return found
  },
})
