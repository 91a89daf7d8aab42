import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SigningKey } from '@theater/event-chain/log'

/** The key of a witness, which is made when it starts for the first time. @param name what it is called then */
export async function witnessKey(folder: string, name: string): Promise<SigningKey> {
  const path = join(folder, 'witness.key')
  if (!existsSync(path)) {
    const made = await SigningKey.generate(name, 'cosignature')
    await writeFile(path, `${made.secret()}\n`, { mode: 0o600, flag: 'wx', flush: true })
  }
  return SigningKey.parse(await readFile(path, 'utf8'))
}
