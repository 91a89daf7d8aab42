import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { create, CreateError, templates } from '../src/index.ts'
import { main } from '../src/main.ts'

const names = Object.keys(templates) as (keyof typeof templates)[]

/** A folder that goes away with the test. */
function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'create-theater-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs the command; `answers` are typed at a terminal, and without them there is none. */
async function command(args: readonly string[], answers?: readonly string[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: answers !== undefined })
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  if (answers === undefined) stdin.end()
  else {
    // One answer for each question, once it is asked; then the input ends.
    const left = [...answers]
    stdout.on('data', (chunk: Buffer) => {
      if (!chunk.toString().endsWith(') ')) return
      const answer = left.shift()
      if (answer === undefined) stdin.end()
      else stdin.write(`${answer}\n`)
    })
  }
  const out = text(stdout)
  const err = text(stderr)
  const code = await main(args, { stdin, stdout, stderr })
  stdout.end()
  stderr.end()
  return { code, out: await out, err: await err }
}

describe('create', () => {
  it.each(names)('writes %s: no placeholder is left, and it has what a project has', async (template) => {
    const folder = join(place(), 'new')
    const files = await create({ name: 'my-own', template, folder })
    expect(files).toEqual(
      expect.arrayContaining(['.gitignore', 'README.md', 'package.json', 'tsconfig.json']),
    )
    expect(files.some((file) => /^test\/.*\.test\.ts$/.test(file))).toBe(true)
    const unfilled = files.filter((file) => /\{\{|\}\}/.test(readFileSync(join(folder, file), 'utf8')))
    expect(unfilled).toEqual([])
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    expect(manifest).toMatchObject({
      name: 'my-own',
      scripts: { start: expect.any(String), test: expect.any(String) },
    })
  })

  it.each(names)(
    'declares what the files of %s import, and nothing else of this release',
    async (template) => {
      const folder = join(place(), 'new')
      const files = await create({ name: 'my-own', template, folder })
      const imported = files
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/\bfrom '([^.'][^']*)'/g)])
        .map(([, specifier = '']) => specifier)
        .filter((specifier) => !specifier.startsWith('node:'))
        .map((specifier) =>
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        )
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
      // Run by name in scripts, or by the compiler.
      const tools = new Set(['@theater/cli', '@types/node', 'typescript'])
      expect([...new Set(imported)].toSorted()).toEqual(
        declared.filter((name) => !tools.has(name)).toSorted(),
      )
    },
  )

  it.each(['', 'A', '1a', '../x', 'a/b', 'a b', '-a', 'a'.repeat(61), '.', 'a\n'])(
    'refuses the name %j',
    async (name) => {
      const folder = join(place(), 'new')
      await expect(create({ name, template: 'actor', folder })).rejects.toMatchObject({ code: 'name' })
      expect(existsSync(folder)).toBe(false)
    },
  )

  it('refuses a template that there is not, also one that every object inherits', async () => {
    for (const template of ['actors', 'constructor', '../actor']) {
      const failure = await create({ name: 'a', template: template as 'actor', folder: place() }).catch(
        (e) => e,
      )
      expect(CreateError.is(failure) && failure.code).toBe('template')
    }
  })

  it('refuses a folder with something in it, and a file, and changes neither', async () => {
    const folder = place()
    writeFileSync(join(folder, 'mine.txt'), 'mine')
    const failure = create({ name: 'a', template: 'actor', folder })
    await expect(failure).rejects.toMatchObject({
      code: 'folder',
      message: expect.stringContaining('is not empty'),
    })
    await expect(
      create({ name: 'a', template: 'actor', folder: join(folder, 'mine.txt') }),
    ).rejects.toMatchObject({
      code: 'folder',
    })
    expect(readdirSync(folder)).toEqual(['mine.txt'])
  })

  it('takes a folder in which there is a repository and nothing else', async () => {
    const folder = place()
    mkdirSync(join(folder, '.git'))
    expect(await create({ name: 'a', template: 'actor', folder })).toContain('theater.toml')
  })
})

describe('the command', () => {
  it('asks nothing when all is said, and says what comes next', async () => {
    const folder = join(place(), 'notes')
    const { code, out } = await command([folder, '--template', 'handler'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^notes: a capability.*\n {4}\.gitignore\n[^]*npm install\n {4}npm start\n {4}npm test\n$/,
    )
    expect(existsSync(join(folder, 'notes.wit'))).toBe(true)
  })

  it('asks for what is not said, again where the answer is none, and takes a preset', async () => {
    const folder = join(place(), 'x')
    const { code, out } = await command([folder, '--name', 'asked'], ['nothing', 'handler'])
    expect(out).toContain('there is no template "nothing": take actor, http or handler')
    expect(code).toBe(0)
    const other = join(place(), 'y')
    expect((await command([other], [''])).code).toBe(0)
    expect(existsSync(join(other, 'theater.toml'))).toBe(true)
  })

  it('makes nothing when no answer comes', async () => {
    const folder = join(place(), 'gone')
    expect(await command([folder], [])).toMatchObject({
      code: 2,
      err: 'create-theater: no answer, so no project\n',
    })
    expect(existsSync(folder)).toBe(false)
  })

  it.each<[string[], RegExp]>([
    [['x'], /nobody is here to ask for the template: give --name and --template, or --yes/],
    [['--template', 'actor'], /nobody is here to ask for the name/],
    [['x', 'y'], /one folder at most, not x and y/],
    [['X'], /"X" is not a name/],
    [['x', '--template', 'nope'], /there is no template "nope": take actor, http or handler/],
    [['--nmae', 'x'], /--nmae.*See --help/],
    [['--name'], /--name.*See --help/],
  ])('%j is refused', async (args, said) => {
    const { code, out, err } = await command(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^create-theater: .*\n$/)
    expect(err).toMatch(said)
  })

  it('has help', async () => {
    const { code, out } = await command(['--help'])
    expect(code).toBe(0)
    for (const word of [...names, '--name', '--template', '--yes', '--help']) expect(out).toContain(word)
  })
})

it('the example is the one in src/index.ts, and prints what the README says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(readme) ?? []
  const source = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8').replaceAll(
    /^ \*( |$)/gm,
    '',
  )
  expect(source).toContain(`\`\`\`ts\n${example}\`\`\``)
  const files = await create({ name: 'counter', template: 'actor', folder: join(place(), 'counter') })
  expect(readme).toContain(`\`\`\`text\n${files.includes('theater.toml')}\n\`\`\``)
})
