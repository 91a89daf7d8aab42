import { fsLaws } from './fs/laws.ts'
import type { FsSubject } from './fs/subject.ts'
import { httpLaws } from './http/laws.ts'
import type { HttpSubject } from './http/subject.ts'
import { keyvalueLaws } from './keyvalue/laws.ts'
import type { KeyvalueSubject } from './keyvalue/subject.ts'
import { laws, runtimeLaws } from './laws.ts'
import { messagingLaws } from './messaging/laws.ts'
import type { MessagingSubject } from './messaging/subject.ts'
import { cliLaws } from './small/cli.ts'
import type { CliSubject } from './small/cli.ts'
import { clocksLaws } from './small/clocks.ts'
import type { ClocksSubject } from './small/clocks.ts'
import { logLaws } from './small/log.ts'
import type { LogSubject } from './small/log.ts'
import type { InterfaceLaw } from './small/part.ts'
import { processLaws } from './small/process.ts'
import type { ProcessSubject } from './small/process.ts'
import { randomLaws } from './small/random.ts'
import type { RandomSubject } from './small/random.ts'
import { supervisorLaws } from './small/supervisor.ts'
import type { SupervisorSubject } from './small/supervisor.ts'
import { storeLaws } from './store/laws.ts'
import type { StoreSubject } from './store/subject.ts'
import type { Subject } from './subject.ts'

/** What a test runner has to have. */
export interface Runner {
  readonly describe: (title: string, register: () => void) => unknown
  readonly test: (title: string, run: () => Promise<void>) => unknown
}

/** Registers laws as the tests of a runner: a suite for a subject, and a test in it for each law. */
export interface Suites {
  /** One test per law of any handler; those that need a runtime too, where the subject has a guest. */
  readonly conformance: (subject: Subject) => void
  /** One test per law of `wasi:filesystem`; of a subject that is fixed, those that change nothing. */
  readonly fsConformance: (subject: FsSubject) => void
  /** One test per law of `wasi:http`. */
  readonly httpConformance: (subject: HttpSubject) => void
  /** One test per law of `theater:messaging`. */
  readonly messagingConformance: (subject: MessagingSubject) => void
  /** One test per law of `theater:store`. */
  readonly storeConformance: (subject: StoreSubject) => void
  /** One test per law of `wasi:keyvalue`. */
  readonly keyvalueConformance: (subject: KeyvalueSubject) => void
  /** One test per law of `theater:process`. */
  readonly processConformance: (subject: ProcessSubject) => void
  /** One test per law of `theater:supervisor`. */
  readonly supervisorConformance: (subject: SupervisorSubject) => void
  /** One test per law of `theater:actor/log`. */
  readonly logConformance: (subject: LogSubject) => void
  /** One test per law of `wasi:cli`. */
  readonly cliConformance: (subject: CliSubject) => void
  /** One test per law of `wasi:clocks`. */
  readonly clocksConformance: (subject: ClocksSubject) => void
  /** One test per law of `wasi:random`. */
  readonly randomConformance: (subject: RandomSubject) => void
}

/** The laws, for a runner. */
export function suitesOf({ describe, test }: Runner): Suites {
  const suite =
    <S extends { readonly name: string }>(of: string, held: (subject: S) => readonly InterfaceLaw<S>[]) =>
    (subject: S): void => {
      describe(`laws of ${of}: ${subject.name}`, () => {
        for (const law of held(subject)) test(law.name, () => law.run(subject))
      })
    }
  return {
    conformance: suite<Subject>('any handler', ({ guest }) =>
      guest === undefined ? laws : [...laws, ...runtimeLaws],
    ),
    fsConformance: suite<FsSubject>('wasi:filesystem', ({ fixed }) =>
      fsLaws.filter(({ changes }) => !changes || fixed !== true),
    ),
    httpConformance: suite<HttpSubject>('wasi:http', () => httpLaws),
    messagingConformance: suite<MessagingSubject>('theater:messaging', () => messagingLaws),
    storeConformance: suite<StoreSubject>('theater:store', () => storeLaws),
    keyvalueConformance: suite<KeyvalueSubject>('wasi:keyvalue', () => keyvalueLaws),
    processConformance: suite<ProcessSubject>('theater:process', () => processLaws),
    supervisorConformance: suite<SupervisorSubject>('theater:supervisor', () => supervisorLaws),
    logConformance: suite<LogSubject>('theater:actor/log', () => logLaws),
    cliConformance: suite<CliSubject>('wasi:cli', () => cliLaws),
    clocksConformance: suite<ClocksSubject>('wasi:clocks', () => clocksLaws),
    randomConformance: suite<RandomSubject>('wasi:random', () => randomLaws),
  }
}
