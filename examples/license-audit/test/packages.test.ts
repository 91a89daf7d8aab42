import { expect, it } from 'vitest'
import { installed } from '../actors/packages.ts'

const directory = (name: string) => ({ name, kind: 'directory' }) as const

it('finds packages in what pnpm lays out', () => {
  const entries = ['left-pad@1.3.0', '@scope+kit@0.5.0', 'vite@7.0.0-beta.2_@types+node@22.1.0_yaml@2.0.0']
  expect(installed(entries.map(directory))).toEqual([
    { name: 'left-pad', version: '1.3.0', folder: 'left-pad@1.3.0/node_modules/left-pad' },
    { name: '@scope/kit', version: '0.5.0', folder: '@scope+kit@0.5.0/node_modules/@scope/kit' },
    {
      name: 'vite',
      version: '7.0.0-beta.2',
      folder: 'vite@7.0.0-beta.2_@types+node@22.1.0_yaml@2.0.0/node_modules/vite',
    },
  ])
})

it('takes a package once, whatever stands beside it, and each version', () => {
  const entries = ['a@1.0.0_b@1.0.0', 'a@1.0.0_b@2.0.0', 'a@1.0.0(b@3.0.0)', 'a@2.0.0'].map(directory)
  expect(installed(entries).map(({ name, version }) => `${name} ${version}`)).toEqual(['a 1.0.0', 'a 2.0.0'])
})

it('passes over what is no package', () => {
  expect(
    installed([
      directory('node_modules'),
      { name: 'lock.yaml', kind: 'file' },
      { name: 'link@1.0.0', kind: 'symlink' },
      directory('@scope'),
      directory('@1.0.0'),
    ]),
  ).toEqual([])
})
