import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Descriptor } from '../src/descriptor.ts'
import { code, disks, names, open, utf8, text, worlds, type World } from './support.ts'

/*
 * The file system in memory and the host's answer alike, whatever is asked of them. Where systems differ in which of two
 * errors they name, the resolver decides, so even the errors are the same.
 */

const name = fc.constantFrom(
  'a.txt',
  'sub',
  'b.txt',
  'deep',
  'to-a',
  'to-sub',
  'up',
  'to-top',
  'dangling',
  'n',
  'm',
  '..',
  '.',
  'out-directory',
  'out-new',
)
const path = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '', '/', '/.'))
  .map(([parts, end]) => parts.join('/') + end)
const follow = fc.record({ symlinkFollow: fc.boolean() })
const bytes = fc.string({ maxLength: 4 }).map(utf8)

type Step = (data: Descriptor) => unknown

const step: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  fc.tuple(follow, path).map(
    ([flags, at]) =>
      [
        `stat ${flags.symlinkFollow} ${at}`,
        (data: Descriptor) => {
          const { type, size, linkCount } = data.statAt(flags, at)
          return [type, type === 'directory' ? 0n : size, type === 'directory' ? 0n : linkCount].map(String)
        },
      ] as const,
  ),
  path.map((at) => [`mkdir ${at}`, (data: Descriptor) => data.createDirectoryAt(at)] as const),
  path.map((at) => [`rmdir ${at}`, (data: Descriptor) => data.removeDirectoryAt(at)] as const),
  path.map((at) => [`unlink ${at}`, (data: Descriptor) => data.unlinkFileAt(at)] as const),
  path.map((at) => [`readlink ${at}`, (data: Descriptor) => data.readlinkAt(at)] as const),
  fc
    .tuple(path, path)
    .map(
      ([from, to]) => [`rename ${from} ${to}`, (data: Descriptor) => data.renameAt(from, data, to)] as const,
    ),
  fc
    .tuple(follow, path, path)
    .map(
      ([flags, from, to]) =>
        [
          `link ${flags.symlinkFollow} ${from} ${to}`,
          (data: Descriptor) => data.linkAt(flags, from, data, to),
        ] as const,
    ),
  fc
    .tuple(path, path)
    .map(
      ([target, at]) =>
        [`symlink ${target} ${at}`, (data: Descriptor) => data.symlinkAt(target, at)] as const,
    ),
  fc
    .tuple(
      follow,
      path,
      fc.record({
        create: fc.boolean(),
        exclusive: fc.boolean(),
        truncate: fc.boolean(),
        directory: fc.boolean(),
      }),
      bytes,
    )
    .map(
      ([flags, at, how, content]) =>
        [
          `open ${flags.symlinkFollow} ${at} ${JSON.stringify(how)}`,
          async (data: Descriptor) => {
            using file = await data.openAt(
              flags,
              at,
              how,
              how.directory ? { read: true } : { read: true, write: true },
            )
            if (file.getType() === 'directory') return names(file)
            await file.write(content, 1n)
            return text(file.read(99n, 0n)[0])
          },
        ] as const,
    ),
)

/** What there is, all of it, and what it says. */
async function everything(data: Descriptor, at = '.'): Promise<unknown> {
  using directory = await data.openAt({}, at, { directory: true }, { read: true })
  const found: unknown[] = []
  for (const one of names(directory)) {
    const { type } = directory.statAt({}, one)
    if (type === 'directory') found.push([one, await everything(directory, one)])
    else if (type === 'regular-file') {
      using file = await directory.openAt({}, one, {}, { read: true })
      found.push([one, text(file.read(99n, 0n)[0])])
    } else found.push([one, await code(() => directory.readlinkAt(one))])
  }
  return found
}

async function run(here: World, steps: readonly (readonly [string, Step])[]): Promise<unknown> {
  const data = await open(here)
  const answers: unknown[] = []
  for (const [what, act] of steps) {
    let value: unknown
    const answer = await code(async () => {
      value = await act(data)
    })
    answers.push([what, answer, value])
  }
  return [answers, await everything(data), here.secret()]
}

test.each(disks)('memory and $name answer alike', async ({ name: disk, world }) => {
  const reference = worlds[0]
  if (reference === undefined) throw new Error('no reference')
  // By path, a link is not linked.
  const steps = disk === 'by path' ? step.filter(([what]) => !what.startsWith('link false')) : step
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 12 }), async (taken) => {
      expect(await run(world(), taken)).toEqual(await run(reference.world(), taken))
    }),
    { numRuns: Number(process.env['FS_RUNS'] ?? 100) },
  )
})
