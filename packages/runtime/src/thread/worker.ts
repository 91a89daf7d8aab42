/** A thread of actors: opens a theater, does what it is asked, and says that it is there. */
import { workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { TheaterError } from '../errors.ts'
import { House } from '../house.ts'
import type { Guard } from '../watch.ts'
import { Doer } from './doer.ts'
import { Doors } from './doors.ts'
import { Ears } from './ears.ts'
import type { SetUp, ThreadSetup } from './setup.ts'
import { SharedWatch } from './shared.ts'
import { packError } from './wire.ts'
import type { FromThread, ThreadWork, ToThread } from './wire.ts'

async function serve(work: ThreadWork): Promise<void> {
  const { port } = work
  const tell = (message: FromThread): void => port.postMessage(message)
  const watch = new SharedWatch(work.memory)
  const ears = new Ears(work.topics, (published) => tell({ tag: 'published', published }))
  const doors = new Doors(work.served, (heard) => tell({ tag: 'heard', heard }))
  const { promise: doer, resolve, reject } = Promise.withResolvers<Doer>()
  doer.catch(() => undefined)
  port.on('message', (message: ToThread) => {
    switch (message.tag) {
      case 'ping':
        watch.answer(message.n)
        break
      case 'listen':
        ears.turn(message.topic, message.on)
        break
      case 'serve':
      case 'took':
      case 'leave':
        doors.take(message)
        break
      case 'give-up':
        void doer.then(
          (one) => one.giveUp(message.n),
          () => undefined,
        )
        break
      case 'ask':
        void doer.then((one) => one.take(message))
        break
    }
  })
  tell({ tag: 'here' })
  try {
    const setup = await setUp(work, tell)
    const guard: Guard = {
      watch,
      hung: work.hung,
      barred: new Set(work.barred),
      listen(topics, outside) {
        ears.open(topics)
        doors.open(outside)
      },
    }
    const house = await House.open(setup, guard)
    tell({ tag: 'open', requestMs: setup.requestMs })
    resolve(new Doer({ house, setup, tell }))
  } catch (error) {
    tell({ tag: 'failed', error: packError(error) })
    reject(error)
  }
}

async function setUp(
  { module, data }: ThreadWork,
  tell: (message: FromThread) => void,
): Promise<ThreadSetup> {
  const loaded: unknown = await import(module)
  if (!hasDefault(loaded)) {
    throw new TheaterError(
      'bad-arguments',
      `${module} has no function as its default export that makes options of a theater`,
    )
  }
  const setup = await loaded.default(data, (news) => tell({ tag: 'news', news }))
  return {
    ...setup,
    log: (line) => {
      setup.log?.(line)
      tell({ tag: 'log', line })
    },
    deadLetter: (letter) => {
      setup.deadLetter?.(letter)
      tell({ tag: 'dead-letter', letter })
    },
  }
}

function hasDefault(module: unknown): module is { readonly default: SetUp<unknown> } {
  return (
    typeof module === 'object' &&
    module !== null &&
    'default' in module &&
    typeof module.default === 'function'
  )
}

function isWork(data: unknown): data is ThreadWork & { readonly port: MessagePort } {
  return typeof data === 'object' && data !== null && 'port' in data && 'memory' in data
}

if (isWork(workerData)) void serve(workerData)
