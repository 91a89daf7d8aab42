import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteStore } from '@theater/event-chain/sqlite'
import { assemble } from '@theater/guests/wat'
import { defineHandler } from '@theater/handler'
import { Theater } from '@theater/runtime'
import type { Subject } from './measure.ts'

const HOST = 'bench:steps/host'

/** Takes so many steps in one turn. */
const wat = `(component
  (import "${HOST}" (instance $host (export "step" (func (param "n" u32) (result u32)))))
  (core func $step (canon lower (func $host "step")))
  (core module $m
    (import "host" "step" (func $step (param i32) (result i32)))
    (func (export "walk") (param $n i32) (result i32)
      (local $i i32)
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (local.set $i (call $step (local.get $i)))
          (br $next)))
      (local.get $i)))
  (core instance $i (instantiate $m (with "host" (instance (export "step" (func $step))))))
  (func (export "walk") (param "n" u32) (result u32) (canon lift (core func $i "walk"))))`

/** The longest turn: what one may write is bounded. */
const MOST = 2000

/**
 * Durable steps of one turn: each is an outside effect, so its intent is in the kernel's hands before it is done, and its result is on record
 * behind it. The baseline commits a row before and another one after each step.
 */
export async function steps(stack: AsyncDisposableStack): Promise<readonly [Subject, Subject]> {
  const folder = mkdtempSync(join(tmpdir(), 'theater-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const db = new DatabaseSync(join(folder, 'plain.db'))
  stack.defer(() => db.close())
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec('CREATE TABLE steps (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT')
  const insert = db.prepare('INSERT INTO steps (body) VALUES (?)')
  const body = new Uint8Array(150)
  const handler = defineHandler({
    name: 'steps',
    interfaces: [HOST],
    grant: { type: 'object', additionalProperties: false },
    functions: { [`${HOST}#step`]: { mode: 'async', effect: 'idempotent' } },
    within: () => true,
    authorize: () => true,
    bind: () => ({ imports: { [HOST]: { step: async (n: number) => n + 1 } } }),
  })
  const store = stack.use(sqliteStore(join(folder, 'steps.db')))
  const theater = stack.use(await Theater.open({ store, handlers: [handler] }))
  await theater.spawn({ id: 'walker', component: await assemble(wat), grants: { steps: {} } })
  return [
    {
      name: 'two commits a step in plain Node',
      async run(n) {
        for (let i = 0; i < n; i++) {
          insert.run(body)
          await Promise.resolve(i)
          insert.run(body)
        }
      },
    },
    {
      name: 'durable steps of one turn, SQLite',
      async run(n) {
        for (let left = n; left > 0; left -= MOST) {
          const count = Math.min(left, MOST)
          if ((await theater.call('walker', 'walk', [count])) !== count) throw new Error('steps are missing')
        }
      },
    },
  ]
}
