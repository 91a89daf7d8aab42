/**
 * Registers the laws as tests of [vitest](https://vitest.dev).
 *
 * @example
 * import { conformance } from '@theater/handler-conformance/vitest'
 *
 * conformance(subject)
 *
 * @packageDocumentation
 */
import { describe, test } from 'vitest'
import { suitesOf } from './suites.ts'
import type { Suites } from './suites.ts'

/** See {@link Suites}: each registers a suite for a subject, and a test in it for each law. */
export const {
  conformance,
  fsConformance,
  httpConformance,
  messagingConformance,
  storeConformance,
  keyvalueConformance,
  processConformance,
  supervisorConformance,
  logConformance,
  cliConformance,
  clocksConformance,
  randomConformance,
}: Suites = suitesOf({ describe, test })
