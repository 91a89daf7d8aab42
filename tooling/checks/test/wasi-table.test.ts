import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { faultsOf, functionsOf, rowsOf } from '../src/wasi-table.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const docs = join(root, 'docs')
const { packages, rows } = rowsOf(readFileSync(join(docs, 'wasi.md'), 'utf8'))

/** Packages whose section is not written yet. One that has a section does not stand here. */
const unwritten = ['wasi:sockets']

const vendored = readdirSync(join(root, 'wit/wasi'))
  .filter((file) => file.endsWith('.wit'))
  .flatMap((file) => functionsOf(readFileSync(join(root, 'wit/wasi', file), 'utf8')))
const packageOf = (fn: string): string => fn.slice(0, fn.indexOf('/'))

describe('docs/wasi.md', () => {
  it('has a section for every package, or says that it is not written', () => {
    expect([...packages, ...unwritten].toSorted()).toEqual([...new Set(vendored.map(packageOf))].toSorted())
  })

  it.each(packages)('has one row for each function of %s, and no other', (name) => {
    const functions = vendored.filter((fn) => packageOf(fn) === name)
    const written = rows.map(({ fn }) => fn).filter((fn) => packageOf(fn) === name)
    expect(written.toSorted()).toEqual(functions.toSorted())
  })

  it('says of each what became of it, with a test that is there', () => {
    expect(rows.flatMap((row) => faultsOf(row, docs))).toEqual([])
  })
})

describe('the check', () => {
  it('reads the functions of WIT, of resources too', () => {
    const wit = `package wasi:a@0.2.1;
interface one {
  resource r {
    constructor(x: u8);
    get: func(
      x: u8,
    ) -> u8;
    make: static func() -> r;
  }
  resource empty;
  %list: func();
}
world imports {
  import one;
  run: func();
}
`
    expect(functionsOf(wit)).toEqual([
      'wasi:a/one#r.constructor',
      'wasi:a/one#r.get',
      'wasi:a/one#r.make',
      'wasi:a/one#list',
    ])
    expect(vendored.filter((fn) => fn.startsWith('wasi:filesystem/'))).toHaveLength(30)
  })

  it('finds rows, and what is wrong with them', () => {
    const doc = `## wasi:a 0.2
### \`one\`
| function | | | |
| --- | --- | --- | --- |
| \`r.get\` | done | | [x](wasi.md): wasi |
| \`r.make\` | done | | |
| \`r.go\` | done | | [x](nowhere.ts): title |
| \`r.run\` | done | | [x](wasi.md): no such title anywhere; [x](wasi.md): wasi |
| \`r.end\` | refused | it ends | |
| \`list\` | refused | | |
| \`more\` | soon | | |
`
    const found = rowsOf(doc)
    expect(found.packages).toEqual(['wasi:a'])
    expect(found.rows.map(({ fn }) => fn.replace('wasi:a/one#', ''))).toEqual([
      'r.get',
      'r.make',
      'r.go',
      'r.run',
      'r.end',
      'list',
      'more',
    ])
    expect(found.rows.map((row) => faultsOf(row, docs).length)).toEqual([0, 1, 1, 1, 0, 1, 1])
  })
})
