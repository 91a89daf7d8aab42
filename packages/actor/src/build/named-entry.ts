import { basename } from 'node:path'
import { parseSync } from 'oxc-parser'

/**
 * The source of an entry that is called `index`, with a name for its default export; undefined for any other. The bundler
 * calls a default export after the file, but that of an `index` after the folder, whose name is nobody's source.
 *
 * Nothing moves: what is put in is as long as what it stands for, or behind the end.
 */
export function withNamedDefault(file: string, text: string): string | undefined {
  if (!/^index\.\w+$/.test(basename(file))) return undefined
  const start = parseSync(file, text).program.body.find(
    ({ type }) => type === 'ExportDefaultDeclaration',
  )?.start
  const words = start === undefined ? undefined : /^export[ \t]+default/.exec(text.slice(start))?.[0]
  if (start === undefined || words === undefined) return undefined
  const declared = `${`var ${name}`.padEnd(words.length - 1)}=`
  return `${text.slice(0, start)}${declared}${text.slice(start + words.length)}\nexport { ${name} as default }\n`
}

const name = '$actor$'
