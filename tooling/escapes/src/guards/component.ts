import { type Guards, inWorker, off, type Patch } from './patch.ts'

/** A bound that nobody reaches. */
const limit = (name: string, value: string): Patch => ({
  file: 'component/src/limits.ts',
  text: `  ${name}: ${value},`,
  with: `  ${name}: 1e12,`,
})

/** What stands between the bytes of a component and the host that loads it. */
export const component: Guards = {
  'core-names': [off('component/src/names.ts', 'if (!corePattern.test(name)) {')],
  'extern-names': [off('component/src/names.ts', 'if (!interfacePattern.test(name)) {')],
  'globals-namespace': [off('component/src/names.ts', "if (name.startsWith('webidl:')) {")],
  'own-bytes': [
    { file: 'component/src/load.ts', text: 'const own = Uint8Array.from(bytes)', with: 'const own = bytes' },
  ],
  'cache-seals': [
    {
      file: 'component/src/node/seal.ts',
      text: '.update(`${ino} ${birthtimeNs || ctimeNs} ${engine}`)',
      with: ".update('')",
    },
  ],
  'import-map': [
    { file: 'component/src/transpile.ts', text: 'map: imports.map((id) => [id, id]),', with: 'map: [],' },
    inWorker,
  ],
  'glue-scopes': [{ file: 'component/src/prelude.ts', text: '  checkShadowing(parts)\n', with: '' }],
  'glue-language': [{ file: 'component/src/prelude.ts', text: ", ${language.join(', ')};", with: ';' }],
  thenable: [off('component/src/model.ts', "if (kind === 'method' && camelCase(item) === 'then')")],
  'class-properties': [
    off('component/src/model.ts', "if (kind === 'static' && fixedOnClasses.has(camelCase(item))) {"),
  ],
  'type-size': [limit('functionNodes', '4_096')],
  'type-sum': [limit('typeNodes', '16_384')],
  'glue-size': [off('component/src/known-component.ts', 'if (glue.length > limits.glueChars) {')],
  'type-depth': [off('component/src/val-types.ts', 'if (depth >= this.#limits.depth) {')],
  'evaluation-steps': [limit('definitions', '65_536')],
  'components-instantiated': [limit('components', '256')],
  'component-depth': [limit('depth', '32')],
  'module-count': [limit('modules', '64')],
  'module-bytes': [off('component/src/parse.ts', 'if (this.#moduleBytes > this.limits.moduleBytes) {')],
  'component-bytes': [
    off('component/src/parse.ts', 'if (bytes.length > limits.bytes) {'),
    off('component/src/load.ts', 'if (length > limit)'),
  ],
  'name-bytes': [limit('nameBytes', '512')],
  'function-count': [limit('functions', '2_048')],
  'definition-count': [limit('definitions', '65_536')],
  'no-threads': [
    off('component/src/core.ts', 'if (flags & 0x02)'),
    off('component/src/meter/module.ts', 'if (flags & 0x02)'),
    inWorker,
  ],
  'transpile-time': [
    {
      file: 'component/src/jco/queue.ts',
      text: 'settle(timeout), request.timeoutMs)',
      with: 'settle(timeout), 2 ** 30)',
    },
  ],
  'transpile-memory': [
    { file: 'component/src/jco/answer.ts', text: 'memoryMb * 1024 * 1024', with: '2 ** 31' },
    {
      file: 'component/src/node/worker-transpiler.ts',
      text: 'maxOldGenerationSizeMb: memoryMb',
      with: 'maxOldGenerationSizeMb: 1024',
    },
    {
      file: 'component/src/transpile.ts',
      text: 'maxBytes: (memoryMb * 1024 * 1024) / 4',
      with: 'maxBytes: Infinity',
    },
    inWorker,
  ],
}
