import { guest } from '@theater/guests'
import { expect, test } from 'vitest'
import { loadComponent } from '../src/node.ts'
import { checkGlue } from '../src/prelude.ts'
import { generateWith } from '../src/transpile.ts'
import { spineHost } from './support.ts'

const { $init, generate } = await import('@bytecodealliance/jco-transpile/component')
await $init

const classes = ['Waitable', 'RepTable', 'ComponentAsyncState', 'AsyncSubtask', 'FutureValue', 'AsyncTask']

async function glueOf(name: string, mode: 'sync' | 'jspi'): Promise<string> {
  const bytes = guest(name)
  const { model } = await loadComponent(bytes)
  const functions = model.imports
    .flatMap((one) => one.functions)
    .filter(({ kind }) => kind === 'freestanding')
  const ids = functions.map(({ id }) => id)
  return generateWith(generate, {
    bytes,
    plan: mode === 'sync' ? { mode } : { mode, asyncImports: ids },
    imports: model.imports.map((one) => one.name),
    asyncImports: mode === 'sync' ? [] : ids,
    asyncExports: [],
    timeoutMs: 0,
    memoryMb: 0,
  }).glue
}

/** What is evaluated once, and what for each instance. */
async function parts(glue: string): Promise<readonly [string, string]> {
  const { body } = await checkGlue(glue)
  const at = body.indexOf('return (function (FinalizationRegistry')
  return [body.slice(0, at), body.slice(at)]
}

const subjects = (['spine', 'three', 'bank', 'porter'] as const).flatMap((name) =>
  (['sync', 'jspi'] as const).map((mode) => [name, mode] as const),
)

test.for(subjects)(
  'the classes of %s (%s) stand once, and name nothing of an instance',
  async ([name, mode]) => {
    const [shared, own] = await parts(await glueOf(name, mode))
    for (const one of classes) {
      expect(shared).toContain(`class ${one} {`)
      expect(own).not.toContain(`class ${one} {`)
    }
    // What the text says to nobody, and what it asks of the instance, is none of it.
    const said = shared
      .replace(/\/\/.*$/gm, '')
      .replace(/'[^'\n]*'|"[^"\n]*"/g, '')
      .replace(/false && _debugLog\(/g, '(')
      .replace(/\bthis\._\$of\.\w+/g, '')
    const declared = [
      ...own.matchAll(/^ {2,4}(?:(?:async )?function +(\w+)|(?:const|let) +([A-Z_]\w*))/gm),
    ].map(([, fn, variable]) => fn ?? variable)
    expect(declared).toContain('getOrCreateAsyncState')
    expect(declared).toContain('INSTANCE_FLAGS')
    expect(declared.filter((one) => new RegExp(`(?<![.\\w$])${one}\\b`).test(said))).toEqual([])
    expect(shared).not.toMatch(/\bstatic (?!State|BlockResult|TickResult|EVENT_HANDLER_EVENTS|FREE)/)
    expect(own).not.toMatch(/\b(?:AsyncTask|AsyncSubtask)\._ID\b/)
  },
)

test('a class of another text is made for each instance, as it was', async () => {
  const glue = await glueOf('spine', 'sync')
  const [shared, own] = await parts(glue.replace('returnCalls =  0;', 'returnCalls = 0;'))
  expect(shared).not.toContain('class ')
  for (const one of classes) expect(own).toContain(`class ${one} {`)
})

test.for(['sync', 'jspi'] as const)(
  'instances count their own tasks, and one that trapped ends no other: %s',
  async (mode) => {
    const component = await loadComponent(guest('spine'))
    const prepared = await component.prepare(mode === 'sync' ? { mode } : { mode, asyncImports: [] })
    const make = async () => prepared.instantiate(spineHost(component, prepared.newResources()))
    const [one, other] = [await make(), await make()]
    const image = (): unknown => {
      const taken = other.imaging.take()
      return 'glue' in taken ? taken.glue : taken
    }
    const before = image()
    for (let i = 0; i < 3; i++) await one.functions['run']?.(3)
    expect(image()).toEqual(before)
    const failing = await prepared.instantiate(
      spineHost(component, prepared.newResources(), () => {
        throw new Error('no answer')
      }),
    )
    const run = async (): Promise<unknown> => failing.functions['run']?.(3)
    await expect(run()).rejects.toThrow(/unreachable|no answer/)
    await expect(run()).rejects.toThrow('cannot enter component instance')
    expect(await other.functions['run']?.(3)).toBe(106)
    expect(await one.functions['run']?.(3)).toBeTypeOf('number')
  },
)
