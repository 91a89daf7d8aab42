import { lawsOfExchanges } from './laws-of-exchanges.ts'
import { lawsOfFields } from './laws-of-fields.ts'
import { lawsOfHttpAuthority } from './laws-of-http-authority.ts'
import { lawsOfIncoming } from './laws-of-incoming.ts'
import { lawsOfRequests } from './laws-of-requests.ts'
import { lawsOfResponses } from './laws-of-responses.ts'
import type { HttpLaw } from './subject.ts'

/** One for each thing that the WIT of `wasi:http` 0.2 says must be so, and that whoever serves it promises. */
export const httpLaws: readonly HttpLaw[] = [
  ...lawsOfFields,
  ...lawsOfRequests,
  ...lawsOfResponses,
  ...lawsOfExchanges,
  ...lawsOfHttpAuthority,
  ...lawsOfIncoming,
]
