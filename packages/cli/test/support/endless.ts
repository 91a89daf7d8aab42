import { loadComponent } from '@theater/component/node'
import { ChainWriter, encodeContent, memoryStore } from '@theater/event-chain'
import type { Contents, Genesis } from '@theater/event-chain'
import { exportCar } from '@theater/event-chain/car'
import { saltPool, sha256 } from '@theater/event-chain/node'
import { assemble } from '@theater/guests/wat'
import { cidOf, encodeModel } from '@theater/values'

/**
 * A CAR file with the record, from before there was a meter, of an actor whose component loops for ever when it is called the second
 * time, in the turn of event 4.
 */
export async function endless(): Promise<Uint8Array> {
  const bytes = await assemble(`(component
    (core module $m
      (global $called (mut i32) (i32.const 0))
      (func (export "run")
        (loop $l (br_if $l (global.get $called)))
        (global.set $called (i32.const 1))))
    (core instance $i (instantiate $m))
    (func (export "run") (canon lift (core func $i "run"))))`)
  const { model } = await loadComponent(bytes)
  const store = memoryStore()
  const genesis: Genesis = {
    actor: 'endless',
    cause: null,
    component: cidOf('raw', sha256(bytes)),
    derive: 1,
    format: 1,
    grants: {},
    jco: '0',
    limits: {},
    meter: null,
    nan: 'canonical',
    params: null,
    parent: null,
    theater: '0',
    time: 1,
    wit: cidOf('dag-cbor', sha256(encodeModel(model))),
  }
  await store.put(genesis.component, bytes)
  await store.put(genesis.wit, encodeModel(model))
  const label = genesis.actor
  const first = encodeContent('genesis', genesis)
  const writer = ChainWriter.create({ store, salts: saltPool(), hash: sha256, label, genesis: first })
  writer.append('seed', encodeContent('seed', { seed: new Uint8Array(32) }))
  const turn: Contents['turn'] = {
    fn: 'run',
    args: Uint8Array.of(0x80),
    sender: null,
    cause: null,
    time: 2,
    made: [],
  }
  for (let i = 0; i < 2; i++) {
    writer.append('turn', encodeContent('turn', turn))
    writer.append('return', encodeContent('return', { result: Uint8Array.of(0x80), fuel: null }))
  }
  await writer.flush()
  return Buffer.concat(await Array.fromAsync(exportCar(store, [writer.chain])))
}
