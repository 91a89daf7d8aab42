import { lawsOfAuthority } from './laws-of-authority.ts'
import { lawsOfDeclaration } from './laws-of-declaration.ts'
import { lawsOfDeeds } from './laws-of-deeds.ts'
import { lawsOfEffects } from './laws-of-effects.ts'
import { lawsOfGrants } from './laws-of-grants.ts'
import { lawsOfGuests } from './runtime/laws-of-guests.ts'
import { lawsOfRecords } from './runtime/laws-of-records.ts'
import type { Law } from './subject.ts'

/** The laws of any handler that need no component. Each makes its own worlds and can run alone. */
export const laws: readonly Law[] = [
  ...lawsOfDeclaration,
  ...lawsOfAuthority,
  ...lawsOfGrants,
  ...lawsOfDeeds,
  ...lawsOfEffects,
]

/** The laws that need a component and a runtime; see `Subject.guest`. Of a subject without a guest they say nothing. */
export const runtimeLaws: readonly Law[] = [...lawsOfRecords, ...lawsOfGuests]
