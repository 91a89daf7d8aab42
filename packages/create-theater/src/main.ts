import { basename, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { create, nameFault } from './create.ts'
import { CreateError } from './errors.ts'
import { ask, type Terminal } from './questions.ts'
import { isTemplate, templateNames, templates, type Template } from './templates.ts'

const options = {
  name: { type: 'string' },
  template: { type: 'string' },
  yes: { type: 'boolean', short: 'y', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const list = Object.entries(templates)
  .map(([name, what]) => `    ${name.padEnd(9)} ${what}`)
  .join('\n')

const HELP = `Makes a new project for Theater.

    npm create theater [FOLDER] [-- OPTIONS]

    --name NAME          of the project; its folder too, where no FOLDER is given
    --template TEMPLATE  one of
${list.replaceAll(/^/gm, '                     ')}
    -y, --yes            ask nothing: my-theater and actor, where nothing else is said
    -h, --help           this

It asks for what is not said. The folder has to be empty, or not there.`

/** Runs the command and answers its exit code: 0, or 2 for what the user has to say differently. */
export async function main(args: readonly string[], terminal: Terminal = process): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    if (values.help) {
      terminal.stdout.write(`${HELP}\n`)
      return 0
    }
    if (positionals.length > 1)
      throw new CreateError('folder', `one folder at most, not ${positionals.join(' and ')}`)
    const given = positionals[0]
    const wanted = {
      name: values.name ?? (given === undefined ? undefined : basename(resolve(given))),
      ...values,
    }
    // What was said is wrong before anything is asked.
    const fault = wanted.name === undefined ? undefined : nameFault(wanted.name)
    if (fault !== undefined) throw new CreateError('name', fault)
    if (wanted.template !== undefined && !isTemplate(wanted.template)) {
      throw new CreateError(
        'template',
        `there is no template ${JSON.stringify(wanted.template)}: take ${templateNames}`,
      )
    }
    const { name, template } = values.yes
      ? { name: wanted.name ?? 'my-theater', template: (wanted.template ?? 'actor') as Template }
      : await ask({ name: wanted.name, template: wanted.template as Template | undefined }, terminal)
    const folder = resolve(given ?? name)
    const files = await create({ name, template, folder })
    terminal.stdout.write(`${said(name, template, folder, files)}\n`)
    return 0
  } catch (error) {
    if (!CreateError.is(error)) throw error
    terminal.stderr.write(`create-theater: ${error.message}\n`)
    return 2
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    // Its errors are sentences about the command line.
    throw new CreateError('name', `${(cause as Error).message.split('. ')[0]}. See --help.`, { cause })
  }
}

function said(name: string, template: Template, folder: string, files: readonly string[]): string {
  const place = relative(process.cwd(), folder) || '.'
  return [
    `${name}: ${templates[template]}`,
    ...files.map((file) => `    ${file}`),
    '',
    'Now:',
    ...(place === '.' ? [] : [`    cd ${place}`]),
    '    npm install',
    '    npm start',
    '    npm test',
  ].join('\n')
}
