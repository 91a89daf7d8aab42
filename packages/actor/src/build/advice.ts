/**
 * What to use instead of a built-in module of Node, by the name before the first `/`. The kit's own words, so that
 * a build that refuses something says what would do.
 */
const modules: Readonly<Record<string, string>> = {
  assert: 'Throw an Error, or a Failure of @theater/actor where it is an answer.',
  async_hooks: 'Pass what the code needs as an argument: an actor takes one turn at a time.',
  buffer: 'Use Uint8Array, with TextEncoder and TextDecoder for text.',
  child_process:
    "An actor starts no programs. Make another actor and ask it with ctx.request ('messaging' in uses).",
  cluster: "Make another actor and talk to it with ctx.send ('messaging' in uses).",
  console: "console is there without an import; with 'log' in uses it writes to the log.",
  constants: 'Write the value that is needed.',
  crypto: 'Use Web Crypto, the global crypto: crypto.subtle, crypto.getRandomValues, crypto.randomUUID.',
  dgram: 'An actor has no sockets.',
  dns: 'An actor has no sockets.',
  events: 'Use EventTarget, or an npm package that does not need Node.',
  fs: "Use the files capability: 'fs' in uses gives ctx.fs, which reads what a grant mounts.",
  http: "Use fetch, with 'http' in uses.",
  http2: "Use fetch, with 'http' in uses.",
  https: "Use fetch, with 'http' in uses.",
  inspector: 'Look at the record instead: `theater chain` shows all that crossed the boundary.',
  module: 'Import what is needed by name: an actor is bundled, and loads nothing later.',
  net: 'An actor has no sockets.',
  os: 'An actor knows nothing of its machine. Give it what it needs as params of init.',
  path: "Paths of ctx.fs are text with '/': put them together with a template.",
  perf_hooks: 'Use the global performance.',
  process: 'An actor has no process. Give it what it needs as params of init.',
  punycode: 'Use the global URL.',
  querystring: 'Use the global URLSearchParams.',
  readline: "Split the text with text.split('\\n').",
  repl: 'Send the actor messages with `theater call`.',
  sqlite: "Keep what outlives a turn in state, or in ctx.store ('store' in uses).",
  stream: 'Use the global ReadableStream, WritableStream and TransformStream.',
  string_decoder: 'Use the global TextDecoder.',
  test: 'Test the functions of the actor on Node, in files that the actor does not import.',
  timers: 'Use the global setTimeout and setInterval.',
  tls: 'An actor has no sockets.',
  url: 'Use the global URL and URLSearchParams.',
  util: 'Use TextEncoder, TextDecoder and structuredClone, which are global.',
  v8: 'Use structuredClone, or JSON.',
  vm: 'Make another actor for code that is not trusted.',
  wasi: 'Make another actor of the WebAssembly component.',
  worker_threads: "Make another actor and talk to it with ctx.send ('messaging' in uses).",
  zlib: 'Use the global CompressionStream and DecompressionStream.',
}

/** What to do instead of importing a built-in module of Node. */
export function adviceForModule(specifier: string): string {
  const name = specifier.replace(/^node:/, '').split('/')[0] ?? ''
  return modules[name] ?? 'Use what ctx gives, or an npm package that does not need Node.'
}

/** Globals that code for Node or browsers uses and that an actor's engine does not have, with what to do. */
export const absentGlobals: Readonly<Record<string, string>> = {
  __dirname: 'An actor has no folder of its own. Give it paths as params of init.',
  __filename: 'An actor has no file of its own.',
  Atomics: 'An actor has no shared memory, and takes one turn at a time.',
  Buffer: 'Use Uint8Array, with TextEncoder and TextDecoder for text.',
  Bun: 'An actor does not run in Bun.',
  clearImmediate: 'Await a promise instead.',
  Deno: 'An actor does not run in Deno.',
  document: 'An actor does not run in a browser.',
  EventSource: 'Use fetch, or have another actor send the events.',
  global: 'Write globalThis.',
  indexedDB: "Keep what outlives a turn in state, or in ctx.store ('store' in uses).",
  Intl: 'The engine has no Intl: format the text by hand, or with an npm package that brings its own data.',
  localStorage: "Keep what outlives a turn in state, or in ctx.store ('store' in uses).",
  navigator: 'An actor knows nothing of its machine.',
  process: 'An actor has no process. Give it what it needs as params of init.',
  require: 'Write an import statement.',
  sessionStorage: 'Keep it in state.',
  setImmediate: 'Await a promise instead.',
  SharedArrayBuffer: 'An actor has no shared memory.',
  Temporal: 'The engine has no Temporal: use Date.',
  WebAssembly: 'An actor cannot compile code. Make another actor of the component.',
  WebSocket: 'Use fetch, or have another actor hold the connection.',
  window: 'Write globalThis; an actor does not run in a browser.',
  Worker: "Make another actor and talk to it with ctx.send ('messaging' in uses).",
  XMLHttpRequest: "Use fetch, with 'http' in uses.",
}
