import { createInterface } from 'node:readline/promises'
import { nameFault } from './create.ts'
import { CreateError } from './errors.ts'
import { isTemplate, templateNames, templates, type Template } from './templates.ts'

/** Where questions are asked and answers come from. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

/** What a project is. */
export interface Wanted {
  readonly name: string
  readonly template: Template
}

/** Asks for what was not said. Throws `CreateError` if there is nobody to ask, or no answer comes. */
export async function ask(
  said: { readonly [K in keyof Wanted]: Wanted[K] | undefined },
  { stdin, stdout }: Terminal,
): Promise<Wanted> {
  if (said.name !== undefined && said.template !== undefined)
    return { name: said.name, template: said.template }
  if (stdin.isTTY !== true) {
    const missing = said.name === undefined ? 'name' : 'template'
    throw new CreateError(
      missing,
      `nobody is here to ask for the ${missing}: give --name and --template, or --yes`,
    )
  }
  const lines = createInterface({ input: stdin, output: stdout })
  const gone = new AbortController()
  lines.on('close', () => gone.abort())
  const question = async (text: string, preset: string, fault: (answer: string) => string | undefined) => {
    for (;;) {
      const answer = (await lines.question(`${text} (${preset}) `, { signal: gone.signal })).trim() || preset
      const why = fault(answer)
      if (why === undefined) return answer
      stdout.write(`  ${why}\n`)
    }
  }
  try {
    const name = said.name ?? (await question('Name?', 'my-theater', nameFault))
    if (said.template !== undefined) return { name, template: said.template }
    for (const [template, what] of Object.entries(templates))
      stdout.write(`  ${template.padEnd(9)} ${what}\n`)
    const template = await question('Template?', 'actor', (answer) =>
      isTemplate(answer)
        ? undefined
        : `there is no template ${JSON.stringify(answer)}: take ${templateNames}`,
    )
    return { name, template: template as Template }
  } catch (cause) {
    if (!gone.signal.aborted) throw cause
    stdout.write('\n')
    throw new CreateError('name', 'no answer, so no project', { cause })
  } finally {
    lines.close()
  }
}
