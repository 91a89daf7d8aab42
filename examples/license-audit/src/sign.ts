import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { LoggedStore } from '@theater/event-chain'
import { HostLog, SigningKey } from '@theater/event-chain/log'
import { sha256 } from '@theater/event-chain/node'
import type { Screen } from '@theater/example-kit/screen'

/**
 * The log of a data folder, signed with a key that is made with it and stays in it, for its owner alone: where `theater` looks for it
 * too, and as it is written there.
 */
export async function hostLog(store: LoggedStore, path: string): Promise<HostLog> {
  if (!existsSync(path)) {
    const made = await SigningKey.generate(`theater/${crypto.getRandomValues(new Uint8Array(8)).toHex()}`)
    writeFileSync(path, `${made.secret()}\n`, { mode: 0o600, flag: 'wx', flush: true })
  }
  const key = await SigningKey.parse(readFileSync(path, 'utf8'))
  return HostLog.open({ store, key, hash: sha256 })
}

/** Signs what both records have come to, and shows it: the public key, and the checkpoint as anybody could keep it. */
export async function sign(log: HostLog, screen: Screen): Promise<void> {
  const checkpoint = await log.checkpoint()
  if (checkpoint === undefined) throw new Error('there is nothing to sign')
  screen.line(`public key  ${screen.style('bold', log.key.toString())}`)
  const [text = '', signature = ''] = checkpoint.note.split('\n\n')
  const lines = [...text.split('\n'), '', `${signature.slice(0, 64).trimEnd()}…`]
  for (const [i, line] of lines.entries())
    screen.line(`${(i === 0 ? 'checkpoint' : '').padEnd(10)}  ${screen.style('dim', line)}`.trimEnd())
  screen.line(
    `            ${checkpoint.size} entries in the log of this host: how far each record had come, and the root of its tree`,
  )
}
