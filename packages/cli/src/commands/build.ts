import { statSync } from 'node:fs'
import { CliError } from '../errors.ts'
import { exits } from '../exits.ts'
import type { Output } from '../output.ts'
import { count } from '../table.ts'

/** Options of `theater build`. */
export interface BuildCommandOptions {
  readonly out: string
  readonly minify: boolean
  /** Whether types are checked first. */
  readonly check: boolean
  /** WIT of interfaces that it imports. */
  readonly wit: readonly string[]
}

/** `theater build`: a component from an actor in TypeScript. */
export async function build(
  source: string,
  { out, minify, check, wit }: BuildCommandOptions,
  output: Output,
): Promise<number> {
  const found = statSync(source, { throwIfNoEntry: false })
  if (found === undefined) throw new CliError('usage', `there is no file ${source}`)
  if (!found.isFile())
    throw new CliError(
      'usage',
      `${source} is not a file. \`theater build\` takes the source of an actor, SRC.ts.`,
    )
  if (!/\.[cm]?[jt]s$/.test(source)) {
    throw new CliError(
      'usage',
      `${source} is not the source of an actor, by its name: that ends with .ts or .js. \`theater inspect\` takes components.`,
    )
  }
  const started = performance.now()
  const timer = setInterval(() => {
    output.status(`building ${source} · ${Math.round((performance.now() - started) / 1000)} s`)
  }, 250)
  output.status(`building ${source}`)
  try {
    const { build: make } = await import('@theater/actor/build')
    const { bytes, digest, imports, exports, typescript, tools } = await make({
      entry: source,
      out,
      minify,
      check,
      wit,
    })
    const json = {
      component: digest,
      bytes: bytes.length,
      imports: [...imports],
      exports: [...exports],
      map: `${out}.map`,
      typescript,
      tools: { ...tools },
    }
    output.endStatus()
    if (check && typescript === null) noteUnchecked(output)
    await output.result(json, () =>
      [
        `${output.style('bold', out)}  ${count(bytes.length)} bytes  ${output.style('dim', digest)}`,
        ...list('imports', imports),
        ...list('exports', exports),
        ...list('tools', [
          Object.entries(tools)
            .flatMap(([name, version]) => `${name} ${version}`)
            .join(', '),
        ]),
      ].join('\n'),
    )
    return exits.done
  } finally {
    clearInterval(timer)
    output.endStatus()
  }
}

/** Says that nobody looked at the types, and how somebody would. */
function noteUnchecked(output: Output): void {
  const note = 'types were not checked: typescript is not installed here. npm install --save-dev typescript'
  output.note(output.styleNote('yellow', note))
}

function list(title: string, names: readonly string[]): string[] {
  return names.map((name, i) => `${(i === 0 ? title : '').padEnd(7)}  ${name}`)
}
