import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Counters } from './counters.ts'

const peers = fileURLToPath(new URL('../peers/', import.meta.url))

/** Whether what is compared with has been installed. */
export function peersInstalled(): boolean {
  return existsSync(join(peers, 'node_modules'))
}

/** A program of one of the packages that were installed, which is for this machine. */
function program(from: string, name: string, path: string): string {
  const require = createRequire(createRequire(join(peers, 'package.json')).resolve(`${from}/package.json`))
  return require.resolve(`${name}/${path}`)
}

/** Starts a program that ends with the benchmark. What it complains of is shown. */
function start(
  stack: AsyncDisposableStack,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  stack.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  return child
}

/** The first line that a program says. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new TypeError('its output is not read')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error(`${child.spawnfile} ended and said nothing`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Virtual objects of Restate, with the server's own defaults: one node, its log in RocksDB. */
export async function restateCounters(stack: AsyncDisposableStack, folder: string): Promise<Counters> {
  const { platform, arch } = process
  const server = program(
    '@restatedev/restate-server',
    `@restatedev/restate-server-${platform}-${arch}`,
    'bin/restate-server',
  )
  const [ingress, admin, fabric, service] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const sdk = start(stack, process.execPath, [join(peers, 'restate.mjs'), String(service)], {
    RESTATE_LOGGING: 'ERROR',
  })
  await firstLine(sdk)
  const data = join(folder, 'restate')
  const addresses = ['--listen-mode', 'tcp', '--bind-ip', '127.0.0.1', '--bind-port', String(fabric)]
  start(stack, server, ['--no-logo', ...addresses, '--base-dir', data, '--log-filter', 'off'], {
    DO_NOT_TRACK: '1',
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
  })
  await answers(`http://127.0.0.1:${admin}/health`)
  const registered = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
  })
  if (!registered.ok) throw new Error(`Restate did not take the counter: ${await registered.text()}`)
  await answers(`http://127.0.0.1:${ingress}/counter/first/add`)
  return { name: 'Restate', url: (i) => `http://127.0.0.1:${ingress}/counter/${i}/add` }
}

/** Resolves when an address answers well; a minute at most. */
async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
    await answer?.bytes()
    if (answer?.ok === true) return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error(`${url} does not answer`)
}

/** Durable Objects of workerd, in SQLite on this disk. */
export async function workerdCounters(stack: AsyncDisposableStack, folder: string): Promise<Counters> {
  const { platform, arch } = process
  const name = `@cloudflare/workerd-${platform}-${arch === 'x64' ? '64' : arch}`
  const data = join(folder, 'workerd')
  mkdirSync(data)
  const config = join(folder, 'workerd.capnp')
  copyFileSync(join(peers, 'workerd.js'), join(folder, 'workerd.js'))
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "disk", disk = (path = ${JSON.stringify(data)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "workerd.js", esModule = embed "workerd.js")],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [(className = "Counter", uniqueKey = "counter", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "counters", durableObjectNamespace = "Counter")],
);
`,
  )
  const child = start(stack, program('workerd', name, 'bin/workerd'), ['serve', config, '--control-fd=1'])
  const said = JSON.parse(await firstLine(child)) as { readonly port?: number }
  if (said.port === undefined) throw new Error('workerd does not say where it listens')
  const url = (i: number): string => `http://127.0.0.1:${said.port}/${i}`
  await answers(url(0))
  return { name: 'workerd Durable Objects', url }
}
