/** What a guest does with paths to get out of the directory that it was granted. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { relayed, relayGuest } from '@theater/guests/relay'
import { fs, type FsOptions, type Rights } from '@theater/handler-fs'
import { type Escape, type Outcome, through, variants } from '../escape.ts'
import { type Called, outcomeOf, stage, type Stage } from '../stage.ts'

const fn = (name: string): string => relayed(`wasi:filesystem/types@0.2#[method]descriptor.${name}`)
const SECRET = 'the secret'

/** A directory `data` that is granted, one beside it that is not, and a guest that makes any call of `wasi:filesystem`. */
class World implements AsyncDisposable {
  readonly root: string
  readonly #stage: Stage
  /** The guest's descriptor of the mount. */
  readonly data: number

  private constructor(root: string, made: Stage, data: number) {
    this.root = root
    this.#stage = made
    this.data = data
  }

  static async make(
    rights: Rights = 'rw',
    { mount = 'data', ...options }: FsOptions & { mount?: string } = {},
  ): Promise<World> {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'theater-escapes-')))
    for (const name of ['data', 'data/sub', 'data/sub/deep', 'outside']) mkdirSync(join(root, name))
    writeFileSync(join(root, 'data/a.txt'), 'hello')
    writeFileSync(join(root, 'outside/secret'), SECRET)
    symlinkSync('../outside/secret', join(root, 'data/out-relative'))
    symlinkSync(join(root, 'outside/secret'), join(root, 'data/out-absolute'))
    symlinkSync('../outside', join(root, 'data/out-directory'))
    symlinkSync('loop-2', join(root, 'data/loop-1'))
    symlinkSync('loop-1', join(root, 'data/loop-2'))
    execFileSync('mkfifo', [join(root, 'data/fifo')])
    const host = mount.startsWith('/') ? mount : join(root, mount)
    const made = await stage(relayGuest('fs'), {
      handlers: [fs(options)],
      grants: { fs: { mounts: { '/data': { host, rights } } } },
    })
    const { value } = await made.call(relayed('wasi:filesystem/preopens@0.2#get-directories'))
    const [first] = value as [number, string][]
    if (first === undefined) throw new Error('no mount')
    return new World(root, made, first[0])
  }

  call(name: string, ...args: unknown[]): Promise<Called> {
    return this.#stage.call(fn(name), args)
  }

  /** Opens a path below the mount, following links, and reads it: whether it is what lies outside. */
  async reads(path: string, from = this.data): Promise<Outcome> {
    const opened = await this.call('open-at', from, { symlinkFollow: true }, path, {}, { read: true })
    if (opened.value === undefined) return outcomeOf(opened)
    const read = await this.call('read', opened.value, 100n, 0n)
    if (read.value === undefined) return outcomeOf(read)
    const [bytes] = read.value as [Uint8Array, boolean]
    return through(`it read ${JSON.stringify(new TextDecoder().decode(bytes).slice(0, 20))}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage[Symbol.asyncDispose]()
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** An attempt in a world of its own. */
async function within(
  attempt: (world: World) => Promise<Outcome>,
  ...args: Parameters<typeof World.make>
): Promise<Outcome> {
  await using world = await World.make(...args)
  return await attempt(world)
}

const common = { class: 'paths' } as const

export const escapes: readonly Escape[] = [
  {
    ...common,
    id: 'paths/above-the-mount',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within((world) =>
        variants(
          [
            '../outside/secret',
            'sub/../../outside/secret',
            './.././outside/secret',
            'sub/deep/../../../outside/secret',
          ],
          (path) => world.reads(path),
        ),
      ),
  },
  {
    ...common,
    id: 'paths/above-a-descriptor-below-the-mount',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) => {
        const { value: sub } = await world.call(
          'open-at',
          world.data,
          {},
          'sub',
          { directory: true },
          { read: true },
        )
        return world.reads('../a.txt', sub as number)
      }),
  },
  {
    ...common,
    id: 'paths/absolute',
    guard: 'fs-absolute',
    code: 'not-permitted',
    attempt: () =>
      within((world) =>
        variants([`${world.root}/outside/secret`, '/etc/passwd', '//etc/passwd'], (path) =>
          world.reads(path),
        ),
      ),
  },
  {
    ...common,
    id: 'paths/a-relative-link-of-the-host',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within((world) => variants(['out-relative', 'out-directory/secret'], (path) => world.reads(path))),
  },
  {
    ...common,
    id: 'paths/an-absolute-link-of-the-host',
    guard: 'fs-absolute',
    code: 'not-permitted',
    attempt: () => within((world) => world.reads('out-absolute')),
  },
  {
    ...common,
    id: 'paths/what-a-link-of-the-host-says',
    guard: 'fs-read-link',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) => outcomeOf(await world.call('readlink-at', world.data, 'out-absolute'))),
  },
  {
    ...common,
    id: 'paths/a-link-of-its-own',
    guard: 'fs-link-target',
    code: 'not-permitted',
    // Nobody here would follow it; a program of the host might.
    attempt: () =>
      within((world) =>
        variants(['/etc/passwd', '../outside/secret', 'sub/../../outside/secret'], async (target) => {
          const made = await world.call('symlink-at', world.data, target, 'mine')
          return existsSync(join(world.root, 'data/mine'))
            ? through('a link out of the mount is on the disk')
            : outcomeOf(made)
        }),
      ),
  },
  {
    ...common,
    id: 'paths/a-link-made-deep-and-moved-up',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) => {
        await world.call('symlink-at', world.data, '../../outside/secret', 'sub/deep/mine')
        await world.call('rename-at', world.data, 'sub/deep/mine', world.data, 'sub/mine')
        return world.reads('sub/mine')
      }),
  },
  {
    ...common,
    id: 'paths/a-link-in-a-directory-that-is-moved-up',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) => {
        await world.call('symlink-at', world.data, '../../outside/secret', 'sub/deep/mine')
        await world.call('rename-at', world.data, 'sub/deep', world.data, 'deep')
        return world.reads('deep/mine')
      }),
  },
  {
    ...common,
    id: 'paths/a-second-name-for-a-link',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) => {
        await world.call('link-at', world.data, {}, 'out-relative', world.data, 'mine')
        return world.reads('mine')
      }),
  },
  {
    ...common,
    id: 'paths/a-second-name-for-what-a-link-leads-to',
    guard: 'fs-above',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) => {
        const made = await world.call(
          'link-at',
          world.data,
          { symlinkFollow: true },
          'out-relative',
          world.data,
          'mine',
        )
        return made.err === undefined ? world.reads('mine') : outcomeOf(made)
      }),
  },
  {
    ...common,
    id: 'paths/changing-what-is-for-reading',
    guard: 'fs-rights',
    code: 'read-only',
    attempt: () =>
      within(
        (world) =>
          variants(
            [
              () =>
                world.call(
                  'open-at',
                  world.data,
                  {},
                  'a.txt',
                  { truncate: true },
                  { read: true, write: true },
                ),
              () => world.call('open-at', world.data, {}, 'new', { create: true }, { read: true }),
              () => world.call('unlink-file-at', world.data, 'a.txt'),
              () => world.call('create-directory-at', world.data, 'made'),
              () => world.call('rename-at', world.data, 'a.txt', world.data, 'b.txt'),
              () => world.call('symlink-at', world.data, 'a.txt', 'link'),
              () => world.call('link-at', world.data, {}, 'a.txt', world.data, 'twice'),
            ],
            async (change) => {
              const made = await change()
              const here = existsSync(join(world.root, 'data/a.txt'))
                ? readFileSync(join(world.root, 'data/a.txt'), 'utf8')
                : ''
              return here !== 'hello' || (made.err === undefined && made.failed === undefined)
                ? through('it changed what it may only read')
                : outcomeOf(made)
            },
          ),
        'r',
      ),
  },
  {
    ...common,
    id: 'paths/nul',
    guard: 'fs-nul',
    code: 'invalid',
    attempt: () =>
      within((world) =>
        variants(['a.txt\0', 'a.txt\0/b', 'sub\0x/b'], async (path) => {
          const made = await world.call('create-directory-at', world.data, path)
          return made.failed?.startsWith('aborted') === true
            ? through(`the host fails over it: ${made.failed}`)
            : outcomeOf(made)
        }),
      ),
  },
  {
    ...common,
    id: 'paths/links-in-a-circle',
    guard: 'fs-loops',
    code: 'loop',
    success: 'hang',
    attempt: () => within((world) => world.reads('loop-1')),
  },
  {
    ...common,
    id: 'paths/directories-without-end',
    guard: 'fs-depth',
    code: 'name-too-long',
    // Each is an open handle of the host while a path is walked.
    attempt: () =>
      within(async (world) => {
        mkdirSync(join(world.root, 'data', ...Array<string>(200).fill('n')), { recursive: true })
        return outcomeOf(await world.call('stat-at', world.data, {}, Array(200).fill('n').join('/')))
      }),
  },
  {
    ...common,
    id: 'paths/open-files-without-end',
    guard: 'fs-handles',
    code: 'insufficient-memory',
    attempt: () =>
      within(
        async (world) => {
          let last: Called = {}
          for (let i = 0; i < 12; i++) {
            last = await world.call('open-at', world.data, {}, 'a.txt', {}, { read: true })
            if (last.value === undefined) return outcomeOf(last)
          }
          return through('it holds more files than it may')
        },
        'rw',
        { maxHandles: 8 },
      ),
  },
  {
    ...common,
    id: 'paths/a-pipe-that-nobody-writes-to',
    guard: 'fs-special',
    code: 'not-permitted',
    attempt: () =>
      within(async (world) =>
        outcomeOf(await world.call('open-at', world.data, {}, 'fifo', {}, { read: true })),
      ),
  },
  {
    ...common,
    id: 'paths/the-process-of-the-host',
    guard: 'fs-proc',
    code: 'not-permitted',
    // A mount of everything is not one of the host's memory, environment and handles.
    attempt: () =>
      within(
        (world) => variants(['proc/self/environ', 'proc/self/cmdline'], (path) => world.reads(path)),
        'r',
        { mount: '/' },
      ),
  },
  {
    ...common,
    id: 'paths/a-path-without-end',
    guard: 'fs-long',
    code: 'name-too-long',
    attempt: () =>
      within((world) =>
        variants(['./'.repeat(3000), `${'sub/../'.repeat(1000)}a.txt`], async (path) =>
          outcomeOf(await world.call('stat-at', world.data, {}, path)),
        ),
      ),
  },
  {
    ...common,
    id: 'paths/other-forms-of-dots',
    guard: 'system',
    code: 'no-entry',
    // Full width, one character, and percent signs: to the system they are names like any other.
    attempt: () =>
      within((world) =>
        variants(
          ['．．/outside/secret', '‥/outside/secret', '%2e%2e/outside/secret', 'A.TXT', 'a\u0301.txt'],
          (path) => world.reads(path),
        ),
      ),
  },
]
