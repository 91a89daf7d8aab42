/**
 * Chains as CAR v1 files: exported in chunks, opened and checked without being loaded, imported into a store.
 *
 * @module
 */
export { carBlocks } from './car/blocks.ts'
export { exportCar, type ExportOptions } from './car/export.ts'
export { carHeader, sectionHead } from './car/format.ts'
export { restorePart } from './car/restore.ts'
export { importCar, importCars, type Imported, type ImportOptions } from './car/import.ts'
export { joinCars } from './car/join-cars.ts'
export { joinParts, type JoinedChain, type JoinedFrom } from './car/join.ts'
export { openCar, readCarHeader, type CarChain, type CarFile, type OpenCarOptions } from './car/open.ts'
export {
  blobSource,
  bytesSource,
  SectionReader,
  type BadFraming,
  type BlobLike,
  type CarSource,
  type Section,
} from './car/source.ts'
