/** A function that the engine calls for the world, from its first line to its last. */
const exported = /^async function (export_[\w$]+)\(([\w, ]*)\) \{\n([^\0]*?)^\}\n/gm

/** What calls the actor in it, and what comes before and after; the second form answers a `result`. */
const plain = /^ {2}let ret;\s*?(?:^ *\n)? {2}(?:ret = )?await ([^\0]*?\);)\n/m
const caught =
  /^ {2}let ret;\s*?(?:^ *\n)? {2}try \{\n *const (hostRet\d+) = await ([^\0]*?\);)\n([^\0]*?)^ {2}\} catch \(e\) \{\n([^\0]*?)^ {2}\}\n/m

/** Names that are made in a text, and names that bindings make. */
const made = /\b(?:var|let|const) (?:\{([^}]*)\}|(\w+))/g
const named = /\b[A-Za-z]+\d+(?:_\d+)?\b/g

/**
 * Bindings whose exports answer at once where the actor does: each is an `async` function in what componentize-js writes, and a promise costs
 * an engine without a compiler more than most handlers, and keeps the stack of where it was made. What the engine wants is a promise all
 * the same: one that is kept is enough for all calls that give no core value.
 */
export function quickExports(bindings: string): string {
  let quick = false
  const text = bindings.replaceAll(exported, (all: string, name: string, args: string, body: string) => {
    const written = quickExport(name, args, body)
    quick ||= written !== undefined
    return written ?? all
  })
  return quick ? helpers + text : text
}

const helpers = `const _answered = Promise.resolve();
function _isPromise(value) {
  return typeof value === 'object' && value !== null && typeof value.then === 'function';
}
`

/** Undefined where it has another form: then it stays what it is, which is slow and right. */
function quickExport(name: string, args: string, body: string): string | undefined {
  const call = plain.exec(body) ?? caught.exec(body)
  if (call === null) return undefined
  const before = body.slice(0, call.index)
  const after = body.slice(call.index + call[0].length)
  // A core value that is returned is that of the promise, and what was made before the call is not there behind it.
  if (/\breturn [^;]/.test(after) || /\bawait\b/.test(before + after) || needs(before, after))
    return undefined
  const more = args === '' ? '' : `, ${args}`
  const [, first = '', second, taken = '', failed = ''] = call
  const [at, later] =
    second === undefined
      ? whole(name, first, more)
      : result(name, { ret: first, call: second, taken, failed }, more)
  return `function ${name}(${args}) {
${before}  let ret;
${at}  ${name}$answer(ret${more});
  return _answered;
}
async function ${name}$later(given${more}) {
  let ret;
${later}  ${name}$answer(ret${more});
}
function ${name}$answer(ret${more}) {
${after}}
`
}

/** What answers at once, and what answers later. */
type Ways = readonly [at: string, later: string]

function whole(name: string, call: string, more: string): Ways {
  return [
    `  ret = ${call}\n  if (_isPromise(ret)) return ${name}$later(ret${more});\n`,
    '  ret = await given;\n',
  ]
}

interface Caught {
  readonly ret: string
  readonly call: string
  /** What is made of what it answers, and of what it throws. */
  readonly taken: string
  readonly failed: string
}

function result(name: string, { ret, call, taken, failed }: Caught, more: string): Ways {
  const around = (first: string): string => `  try {\n${first}${taken}  } catch (e) {\n${failed}  }\n`
  return [
    around(`    const ${ret} = ${call}\n    if (_isPromise(${ret})) return ${name}$later(${ret}${more});\n`),
    around(`    const ${ret} = await given;\n`),
  ]
}

/** Whether a text takes a name that another makes, and does not make it itself. */
function needs(before: string, after: string): boolean {
  const own = namesMade(after)
  const others = namesMade(before)
  return (after.match(named) ?? []).some((one) => others.has(one) && !own.has(one))
}

function namesMade(text: string): Set<string> {
  return new Set(
    [...text.matchAll(made)].flatMap(([, several, one]) => several?.match(/\w+/g) ?? [one ?? '']),
  )
}
