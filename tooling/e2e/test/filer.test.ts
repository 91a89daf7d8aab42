import { readdirSync, readFileSync } from 'node:fs'
import { handleBackend, fs, memory, pathBackend, type Backend } from '@theater/handler-fs'
import { cGuest } from '@theater/guests'
import { describe, expect, it } from 'vitest'
import { place, runCommand } from './support/files.ts'

const filer = cGuest('filer')
/** What the same program says natively on Linux too, but for the texts of ELOOP and that links lead out of no mount there. */
const expected = readFileSync(new URL('transcripts/filer.txt', import.meta.url), 'utf8')

/** Where the program works: the backend, the directory above its own, and what is left of that. */
interface Site {
  readonly backend: Backend
  readonly host: string
  readonly left: () => readonly string[]
}

function onDisk(backend: Backend): Site {
  const { mount } = place()
  return { backend, host: mount, left: () => readdirSync(mount) }
}

function inMemory(): Site {
  const backend = memory({ mount: {} })
  const left = () => backend.list(backend.openRoot('/mount'), 10).entries.map(({ name }) => name)
  return { backend, host: '/mount', left }
}

const sites: readonly (readonly [string, () => Site])[] = [
  ['in memory', inMemory],
  ...(process.platform === 'linux' ? [['by handle', () => onDisk(handleBackend())] as const] : []),
  ['by path', () => onDisk(pathBackend())],
]

describe('what libc does with files, one thing after another', () => {
  it.each(sites)('is the same %s, and so is its re-run', async (_, make) => {
    const { backend, host, left } = make()
    const { out, err, code, verdict, events } = await runCommand(filer, fs({ backend }), {
      cli: { args: ['filer', '/data'] },
      fs: { mounts: { '/data': { host, rights: 'rw' } } },
    })
    expect([...out, ...err].join('\n')).toBe(expected.trimEnd())
    expect(code).toBe(0)
    expect(left()).toEqual([])
    expect(verdict).toMatchObject({ verdict: 'verified', size: events.length, turns: 1, undone: 0 })
  })
})
