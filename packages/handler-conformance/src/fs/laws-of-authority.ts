import assert from 'node:assert/strict'
import fc from 'fast-check'
import { code, FOLLOW, KEEP, onSite, READ, TYPES, WRITE, type Site } from './site.ts'
import type { FsDescriptor, FsLaw } from './subject.ts'

type Call = readonly [name: string, args: readonly unknown[], make: () => unknown]

/** Every call that takes a path, on two of them. What is done to a descriptor itself is bound by how it was opened. */
function calls(data: FsDescriptor, path: string, other: string): readonly Call[] {
  return [
    ['open-at', [{}, path, {}, READ], () => data.openAt({}, path, {}, READ)],
    ['open-at', [{}, path, {}, WRITE], () => data.openAt({}, path, {}, WRITE)],
    [
      'open-at',
      [FOLLOW, path, { create: true }, READ],
      () => data.openAt(FOLLOW, path, { create: true }, READ),
    ],
    ['open-at', [{}, path, { truncate: true }, READ], () => data.openAt({}, path, { truncate: true }, READ)],
    ['stat-at', [{}, path], () => data.statAt({}, path)],
    ['metadata-hash-at', [{}, path], () => data.metadataHashAt({}, path)],
    ['set-times-at', [{}, path, KEEP, KEEP], () => data.setTimesAt({}, path, KEEP, KEEP)],
    ['readlink-at', [path], () => data.readlinkAt(path)],
    ['create-directory-at', [path], () => data.createDirectoryAt(path)],
    ['remove-directory-at', [path], () => data.removeDirectoryAt(path)],
    ['unlink-file-at', [path], () => data.unlinkFileAt(path)],
    ['symlink-at', ['a.txt', path], () => data.symlinkAt('a.txt', path)],
    ['link-at', [{}, path, data, other], () => data.linkAt({}, path, data, other)],
    ['rename-at', [path, data, other], () => data.renameAt(path, data, other)],
    ['read-directory', [], () => data.readDirectory()],
    ['stat', [], () => data.stat()],
  ]
}

/** Paths without links: what a link says only shows on the disk. */
const path = fc
  .array(fc.constantFrom('a.txt', 'sub', 'b.txt', 'new', '.', '..', 'outside'), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((names) => fc.constantFrom(names.join('/'), `/${names.join('/')}`, `${names.join('/')}/`))

async function agrees({ data, handler, grant, description }: Site, [name, args, make]: Call): Promise<void> {
  const fn = `${TYPES}#[method]descriptor.${name}`
  const seen = args.map((arg) => (arg === data ? description : arg))
  const ask = handler.functions[fn]?.ask?.({ fn, args: [description, ...seen] })
  assert.ok(ask, `${name} asks for nothing`)
  const verdict = handler.authorize(grant as never, ask)
  // Done without being asked for, as no boundary does.
  const answer = await code(make)
  const shown = `${name} of ${JSON.stringify(ask)}`
  if (verdict !== true) assert.notEqual(answer, 'answered', `${shown}: ${verdict.refused}, and it is done`)
  // That a directory has one name is no refusal.
  else if (name !== 'link-at')
    assert.ok(
      answer !== 'read-only' && answer !== 'not-permitted',
      `${shown}: granted, and ${String(answer)}`,
    )
}

/** The law that the two checks of files say the same. */
export const lawsOfFsAuthority: readonly FsLaw[] = [
  {
    name: 'what authorize refuses is refused when it is done, and nothing else is',
    changes: false,
    async run(subject) {
      const rights = subject.fixed === true ? (['r'] as const) : (['r', 'rw'] as const)
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...rights), path, path, fc.nat(), (right, one, other, pick) =>
          onSite(subject, right, async (site) => {
            const all = calls(site.data, one, other)
            const call = all[pick % all.length]
            assert.ok(call)
            await agrees(site, call)
          }),
        ),
        { seed: 0x7468_6561, numRuns: 300 },
      )
    },
  },
]
