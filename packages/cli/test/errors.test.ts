import { BuildError } from '@theater/actor/build'
import { ComponentError } from '@theater/component'
import { ChainError } from '@theater/event-chain'
import { MountError } from '@theater/handler-fs'
import { TheaterError } from '@theater/runtime'
import { describe, expect, it } from 'vitest'
import { CliError, failureOf } from '../src/errors.ts'
import { ManifestError } from '../src/manifest-error.ts'

const problem = { code: 'syntax', message: 'm', place: undefined, excerpt: [], add: [] } as const

describe('failureOf', () => {
  it.for([
    [new CliError('usage', 'm'), 2],
    [new CliError('busy', 'm'), 3],
    [new CliError('guest-failed', 'm'), 4],
    [new ManifestError('theater.toml', [problem]), 3],
    [new TheaterError('unmet-import', 'm'), 3],
    [new TheaterError('trapped', 'm'), 4],
    [new TheaterError('unknown-actor', 'm'), 2],
    [new TheaterError('cannot-resume', 'm'), 5],
    [new TheaterError('store-failed', 'm', { cause: new ChainError('stale', 'c') }), 3],
    [new TheaterError('store-failed', 'm', { cause: new ChainError('full', 'c') }), 1],
    [new TheaterError('store-failed', 'm', { cause: new Error('c') }), 1],
    [new TheaterError('bad-component', 'm', { cause: new ComponentError('cache', 'c') }), 1],
    [new TheaterError('bad-component', 'm', { cause: new ComponentError('unsupported', 'c') }), 3],
    [new ComponentError('core-module', 'm'), 3],
    [new ComponentError('cache', 'm'), 1],
    [new ChainError('broken', 'm', { index: 3, reason: 'prev' }), 6],
    [new ChainError('damaged', 'm'), 6],
    [new ChainError('stale', 'm'), 3],
    [new ChainError('full', 'm'), 1],
    [new MountError('not-found', '/x', 'm'), 3],
    [new BuildError('entry', 'm'), 3],
    [Object.assign(new Error('ENOSPC: m'), { code: 'ENOSPC', syscall: 'write' }), 1],
    [Object.assign(new Error('m'), { code: 'ERR_SQLITE_ERROR' }), 1],
  ] as const)('%s is exit code %i, without a stack', async ([error, exit]) => {
    const failure = await failureOf(error)
    expect(failure).toMatchObject({ exit, message: expect.stringContaining('m') })
    expect(failure.stack).toBeUndefined()
  })

  it.for([
    [new Error('oops')],
    [new TypeError('oops')],
    ['oops'],
    [undefined],
    [null],
    [{ name: 'TheaterError' }],
  ])('%s is our own fault', async ([error]) => {
    expect(await failureOf(error)).toMatchObject({
      exit: 1,
      code: 'internal',
      message: expect.stringMatching('a fault of theater itself'),
    })
  })

  it('takes no look-alike for one of ours', async () => {
    const fake = Object.assign(new Error('oops'), { name: 'TheaterError', code: 'trapped' })
    expect(await failureOf(fake)).toMatchObject({ exit: 1, code: 'internal' })
  })
})
