import type { Component } from '@theater/component'
import { load } from './actor.ts'
import type { TestActor, TestHost } from './actor.ts'
import { script, scriptGuest } from './script.ts'
import type { Step } from './script.ts'

/** What the script guest imports beside WASI. */
export const HOST = 'test:script/host'

/** The script guest, loaded. */
export async function scriptComponent(): Promise<Component> {
  return load(await scriptGuest())
}

/** Has an actor take steps in one turn, and gives what each of them saw. */
export async function runWide(actor: TestActor, ...steps: Step[]): Promise<bigint[]> {
  return [...((await actor.value('run', script(...steps))) as BigUint64Array)]
}

/** As {@link runWide}, of what fits a number. */
export async function runSteps(actor: TestActor, ...steps: Step[]): Promise<number[]> {
  return (await runWide(actor, ...steps)).map(Number)
}

/** A host in which time passes where a guest waits, and only there. */
export function waitingHost(pass: (ms: number) => void): Required<Pick<TestHost, 'functions' | 'imports'>> {
  return {
    functions: { [`${HOST}#wait`]: { mode: 'async', effect: 'read' } },
    imports: {
      [HOST]: {
        wait: async (ms: number) => {
          pass(ms)
          return ms
        },
      },
    },
  }
}
