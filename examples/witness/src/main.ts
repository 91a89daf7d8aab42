// A witness of hosts' logs: `pnpm --filter @theater/example-witness start --log KEY`, and Ctrl-C ends it.
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { VerifierKey } from '@theater/event-chain/log'
import { witnessKey } from './key.ts'
import { Ledger } from './ledger.ts'
import { serve } from './serve.ts'
import { Witness } from './witness.ts'

const usage = `usage: start --log KEY|FILE… [--data DIR] [--listen HOST:PORT] [--name NAME]

  --log     the public key of a host, as \`theater key\` prints it; several for several hosts
  --data    where the key and what was cosigned last are kept (.witness)
  --listen  where requests come in (127.0.0.1:8090)
  --name    what the witness is called when its key is made (witness.example/w1)
`

const { values } = parseArgs({
  options: {
    log: { type: 'string', multiple: true, default: [] },
    data: { type: 'string', default: '.witness' },
    listen: { type: 'string', default: '127.0.0.1:8090' },
    name: { type: 'string', default: 'witness.example/w1' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const [, host, port] = /^\[?([^\]]+)\]?:([0-9]{1,5})$/.exec(values.listen) ?? []
if (values.help || values.log.length === 0 || host === undefined) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 2)
}
const logs = await Promise.all(
  values.log.map(async (log) => VerifierKey.parse(existsSync(log) ? await readFile(log, 'utf8') : log)),
)
await mkdir(values.data, { recursive: true, mode: 0o700 })
const key = await witnessKey(values.data, values.name)
const witness = new Witness({ key, logs, ledger: new Ledger(values.data) })
await using serving = await serve(witness, { host, port: Number(port) }, (line) => console.log(line))
console.log(`a witness at ${serving.url}, of ${logs.map(({ name }) => name).join(', ')}

[[host.witnesses]]
key = "${key.verifier.toString()}"
url = "${serving.url}"
`)
await new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
})
