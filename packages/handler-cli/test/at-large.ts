import type { AtLarge } from '@theater/handler-conformance'
import fc from 'fast-check'
import type { Input } from '../src/index.ts'

const output = fc.constantFrom('log', 'inherit')

/** What a grant gives of the host are the streams that it connects; the rest is data of whoever granted. */
export const atLarge: AtLarge = {
  grant: fc.record(
    {
      env: fc.dictionary(fc.constantFrom('A', 'PATH'), fc.constantFrom('', 'b'), { noNullPrototype: true }),
      args: fc.array(fc.constantFrom('a', '-x'), { maxLength: 2 }),
      stdin: fc.constantFrom<Input>('none', 'inherit', { text: 'hello' }, { base64: 'QQ==' }),
      stdout: output,
      stderr: output,
    },
    { requiredKeys: [] },
  ),
  reach: (grant) =>
    Object.entries(grant as object).flatMap(([stream, to]) => (to === 'inherit' ? [stream] : [])),
}
