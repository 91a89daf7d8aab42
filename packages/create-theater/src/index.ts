/**
 * New projects for Theater: the files of a template, with a name and the versions of this release in them.
 *
 * @example
 * ```ts
 * import { create } from 'create-theater'
 *
 * const files = await create({ name: 'counter', template: 'actor', folder: 'counter' })
 * console.log(files.includes('theater.toml'))
 * ```
 *
 * @packageDocumentation
 */
export { create, type CreateOptions } from './create.ts'
export { CreateError, type CreateErrorCode } from './errors.ts'
export { templates, type Template } from './templates.ts'
