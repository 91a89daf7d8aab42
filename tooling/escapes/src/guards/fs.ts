import { type Guards, off } from './patch.ts'

const walk = 'handler-fs/src/resolver.ts'
const grant = 'handler-fs/src/authority.ts'
const path = 'handler-fs/src/path.ts'

/** What keeps a guest in the directories that it was granted. */
export const fs: Guards = {
  // Names that lead up are names like any other.
  'fs-above': [
    off(grant, 'if (leaves(path)) return'),
    {
      file: walk,
      text: "if (left === undefined) throw fail('not-permitted', 'above the base by ..')",
      with: "if (left === undefined) { const up = this.#open('..'); if (up !== undefined) this.#stack.push({ name, found: up }); continue }",
    },
  ],
  // A path that begins at the top is opened there.
  'fs-absolute': [
    off(grant, 'if (leaves(path)) return'),
    {
      file: path,
      text: "if (path.startsWith('/')) throw fail('not-permitted', 'an absolute path')",
      with: "if (path.startsWith('/')) return { names: [path], directory: false }",
    },
    {
      file: 'handler-fs/src/handle-backend.ts',
      text: '`/proc/self/fd/${handle.fd}` : `/proc/self/fd/${handle.fd}/${name}`',
      with: "`/proc/self/fd/${handle.fd}` : name.startsWith('/') ? name : `/proc/self/fd/${handle.fd}/${name}`",
    },
  ],
  'fs-read-link': [
    {
      file: 'handler-fs/src/names.ts',
      text: "  // A link of the host's may name any place of the host.\n  if (linkLeaves(parent, target)) throw fail('not-permitted', 'a link out of the mount')\n",
      with: '',
    },
  ],
  'fs-link-target': [
    {
      file: 'handler-fs/src/names.ts',
      text: "  // We would not follow it, but a program of the host might.\n  if (linkLeaves(parent, target)) throw fail('not-permitted', 'a link out of the mount')\n",
      with: '',
    },
  ],
  'fs-rights': [
    off(grant, 'if (!suffices(rights, need))'),
    off('handler-fs/src/descriptor.ts', 'if (!suffices(this.mount.rights, need))'),
  ],
  'fs-nul': [off(path, "if (path.includes('\\0'))")],
  'fs-loops': [off(walk, 'if (++links > MAX_LINKS)'), off(walk, 'if (steps > MAX_STEPS)')],
  'fs-depth': [off(walk, 'if (this.#stack.length >= MAX_DEPTH) {')],
  'fs-handles': [off('handler-fs/src/session.ts', 'if (this.#live.size >= this.limits.handles) {')],
  'fs-special': [
    { file: 'handler-fs/src/open.ts', text: "    case 'fifo':\n", with: '' },
    {
      file: 'handler-fs/src/open.ts',
      text: "    case 'regular-file': {\n",
      with: "    case 'fifo': case 'regular-file': {\n",
    },
  ],
  'fs-proc': [
    off(
      'handler-fs/src/handle-backend.ts',
      'if (handle.device !== (directory as FdHandle).device && onProc(at(handle))) {',
    ),
  ],
  'fs-long': [off(path, 'if (Buffer.byteLength(path) > MAX_PATH)')],
}
