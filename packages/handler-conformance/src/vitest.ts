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
import { laws, runtimeLaws } from './laws.ts'
import { fsLaws } from './fs/laws.ts'
import type { FsSubject } from './fs/subject.ts'
import { httpLaws } from './http/laws.ts'
import type { HttpSubject } from './http/subject.ts'
import { messagingLaws } from './messaging/laws.ts'
import type { MessagingSubject } from './messaging/subject.ts'
import { storeLaws } from './store/laws.ts'
import type { StoreSubject } from './store/subject.ts'
import type { Subject } from './subject.ts'

/** Registers one test per law of any handler for a subject; those that need a runtime too, where it has a guest. */
export function conformance(subject: Subject): void {
  describe(`laws of any handler: ${subject.name}`, () => {
    const all = subject.guest === undefined ? laws : [...laws, ...runtimeLaws]
    // oxlint-disable-next-line vitest/expect-expect -- a law asserts by itself, and its own error says more
    for (const law of all) test(`${law.name}`, () => law.run(subject))
  })
}

/** Registers one test per law of `wasi:filesystem` for a subject; of one that is fixed, those that change nothing. */
export function fsConformance(subject: FsSubject): void {
  describe(`laws of wasi:filesystem: ${subject.name}`, () => {
    const held = fsLaws.filter(({ changes }) => !changes || subject.fixed !== true)
    // oxlint-disable-next-line vitest/expect-expect -- a law asserts by itself, and its own error says more
    for (const law of held) test(`${law.name}`, () => law.run(subject))
  })
}

/** Registers one test per law of `wasi:http` for a subject. */
export function httpConformance(subject: HttpSubject): void {
  describe(`laws of wasi:http: ${subject.name}`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- a law asserts by itself, and its own error says more
    for (const law of httpLaws) test(`${law.name}`, () => law.run(subject))
  })
}

/** Registers one test per law of `theater:messaging` for a subject. */
export function messagingConformance(subject: MessagingSubject): void {
  describe(`laws of theater:messaging: ${subject.name}`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- a law asserts by itself, and its own error says more
    for (const law of messagingLaws) test(`${law.name}`, () => law.run(subject))
  })
}

/** Registers one test per law of `theater:store` for a subject. */
export function storeConformance(subject: StoreSubject): void {
  describe(`laws of theater:store: ${subject.name}`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- a law asserts by itself, and its own error says more
    for (const law of storeLaws) test(`${law.name}`, () => law.run(subject))
  })
}
