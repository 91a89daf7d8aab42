import { Option } from 'commander'
import type { Declare } from './declare.ts'
import { collect, dataOption, handlerOption } from '../options.ts'

/** Commands that make components, and look into them. */
export function making({ add, act }: Declare): void {
  add('build', 'Makes a component of an actor written in TypeScript.')
    .argument('<SRC.ts>', 'the file whose default export is the actor')
    .requiredOption('-o, --out <OUT.wasm>', 'where the component is written')
    .option('--minify', 'makes the bundled source smaller')
    .option('--no-check', 'leaves types unchecked')
    .option(
      '--wit <PATH>',
      'WIT of interfaces that it imports: a file or a folder; several times',
      collect,
      [],
    )
    .action(
      act(async (output, source: string, options: BuildFlags) => {
        const { build } = await import('../commands/build.ts')
        const { out, minify, check, wit } = options
        return build(source, { out, minify: minify === true, check, wit }, output)
      }),
    )

  add('types', 'Writes the types of interfaces that actors in TypeScript import, for editors and tsc.')
    .argument('<PATH...>', 'their WIT: files NAME.wit, or folders of them')
    .requiredOption('-o, --out <OUT.d.ts>', 'where the types are written')
    .action(
      act(async (output, wit: string[], { out }: { out: string }) => {
        const { types } = await import('../commands/types.ts')
        return types(wit, out, output)
      }),
    )

  add(
    'inspect',
    'Says what a component imports, exports and needs, with a manifest for it; what limits a manifest sets; or how durable an actor is, and from where it comes back.',
  )
    .argument('<MANIFEST|FILE.wasm|ACTOR>', 'a component, a theater.toml, or an actor of the data folder')
    .addOption(new Option('--toml', 'prints only the manifest').conflicts('json'))
    .addOption(handlerOption())
    .addOption(dataOption())
    .action(
      act(async (output, file: string, { toml, handler, data }: InspectFlags) => {
        const { inspect } = await import('../commands/inspect.ts')
        return inspect(file, { toml: toml === true, handler, data }, output)
      }),
    )
}

interface BuildFlags {
  readonly out: string
  readonly minify?: true
  readonly check: boolean
  readonly wit: readonly string[]
}

interface InspectFlags {
  readonly toml?: true
  readonly data: string
  readonly handler: readonly string[]
}
