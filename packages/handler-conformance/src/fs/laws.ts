import { lawsOfFsAuthority } from './laws-of-authority.ts'
import { lawsOfDirectories } from './laws-of-directories.ts'
import { lawsOfFiles } from './laws-of-files.ts'
import { lawsOfPaths } from './laws-of-paths.ts'
import type { FsLaw } from './subject.ts'

/**
 * The laws of `wasi:filesystem` 0.2: one for each thing that its WIT, and the page on the resolution of paths that it names, say
 * must be so. Where they leave it open, a law takes any answer.
 */
export const fsLaws: readonly FsLaw[] = [
  ...lawsOfPaths,
  ...lawsOfFiles,
  ...lawsOfDirectories,
  ...lawsOfFsAuthority,
]
