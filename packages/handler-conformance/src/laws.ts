import { lawsOfAuthority } from './laws-of-authority.ts'
import { lawsOfDeclaration } from './laws-of-declaration.ts'
import { lawsOfEffects } from './laws-of-effects.ts'
import type { Law } from './subject.ts'

/** The laws of any handler that need no component. Each makes its own worlds and can run alone. */
export const laws: readonly Law[] = [...lawsOfDeclaration, ...lawsOfAuthority, ...lawsOfEffects]
