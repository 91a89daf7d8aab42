import { diskCache } from '@theater/component/node'
import { transpiled } from '@theater/guests/transpiled'

/** For tests that are not about how components come to be loaded: a theater without it transpiles each anew. */
export const cache = await diskCache(transpiled)
