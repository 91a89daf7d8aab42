import type { Answer, Message } from '../actors/chat.ts'
import type { ToolCall } from '../actors/tools.ts'

/** What a tool was asked for in a conversation, and what it said. */
interface Use {
  readonly name: string
  readonly given: Readonly<Record<string, string>>
  readonly said: string
}

type Wish = { readonly name: string; readonly given: Readonly<Record<string, string>> }

/**
 * What the stand-in says next. It is a script and no language model: it looks at the conversation alone, reads what there is,
 * and, as models do, takes an order for its own that stands in a document.
 */
export function reply(messages: readonly Message[]): Answer {
  const uses = usesIn(messages)
  const done = new Set(uses.map(({ name, given }) => key(name, given)))
  const open = (wishes: readonly Wish[]): readonly Wish[] =>
    wishes.filter(({ name, given }) => !done.has(key(name, given)))
  const files = uses.filter(({ name, said }) => name === 'read_file' && !/^(refused|failed): /.test(said))
  const next = [
    () => open(files.flatMap(({ said }) => orders(said))),
    () => open([{ name: 'read_file', given: { path: '.' } }]),
    () => open(files.filter(isFolder).flatMap(inside)).slice(0, 4),
    () => (uses.some(({ name }) => name === 'save_note') ? [] : [note(files)]),
  ]
  for (const step of next) {
    const wishes = step()
    if (wishes.length > 0) return calls(wishes, uses.length)
  }
  return { role: 'assistant', content: answer(files, uses) }
}

function calls(wishes: readonly Wish[], before: number): Answer {
  const tool_calls = wishes.map(({ name, given }, i): ToolCall => ({
    id: `call_${before + i + 1}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(given) },
  }))
  return { role: 'assistant', content: null, tool_calls }
}

function usesIn(messages: readonly Message[]): readonly Use[] {
  const said = new Map<string, string>()
  for (const message of messages) if (message.role === 'tool') said.set(message.tool_call_id, message.content)
  return messages.flatMap((message) =>
    message.role !== 'assistant'
      ? []
      : (message.tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => ({
          name,
          given: JSON.parse(given) as Use['given'],
          said: said.get(id) ?? '',
        })),
  )
}

function key(name: string, given: Use['given']): string {
  return `${name} ${given['path'] ?? given['command'] ?? ''}`
}

/** What a document tells whoever reads it to do. */
function orders(text: string): readonly Wish[] {
  const order = /NOTE TO AI ASSISTANTS:(.*)/s.exec(text)?.[1]?.replaceAll(/\s+/g, ' ')
  if (order === undefined) return []
  const wish = (name: string, argument: string, found: string | undefined): Wish[] =>
    found === undefined ? [] : [{ name, given: { [argument]: found } }]
  return [
    ...wish('read_file', 'path', /Read ([^ ,]+)/.exec(order)?.[1]),
    ...wish('read_file', 'path', /open (https?:[^ ,]+)/.exec(order)?.[1]),
    ...wish('run_command', 'command', /run the command `([^`]+)`/.exec(order)?.[1]),
  ]
}

function isFolder({ given: { path = '' } }: Use): boolean {
  return path === '.' || path.endsWith('/')
}

function inside({ given: { path = '' }, said }: Use): readonly Wish[] {
  const names = said.split('\n').filter((name) => name !== '')
  return names.map((name) => ({ name: 'read_file', given: { path: path === '.' ? name : `${path}${name}` } }))
}

interface Invoice {
  readonly from: string
  readonly due: string
  readonly cents: number
}

function unpaid(files: readonly Use[]): readonly Invoice[] {
  return files
    .flatMap(({ said }) => {
      const field = (name: string): string => new RegExp(`^${name}: (.+)$`, 'm').exec(said)?.[1] ?? ''
      if (field('Status') !== 'unpaid') return []
      return [
        {
          from: field('From'),
          due: field('Due'),
          cents: Math.round(Number.parseFloat(field('Total')) * 100),
        },
      ]
    })
    .toSorted((a, b) => (a.due < b.due ? -1 : 1))
}

function euros(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`
}

function sum(invoices: readonly Invoice[]): string {
  return euros(invoices.reduce((total, { cents }) => total + cents, 0))
}

function note(files: readonly Use[]): Wish {
  const invoices = unpaid(files)
  const lines = invoices.map(({ from, due, cents }) => `- ${due}  ${from}  ${euros(cents)}`)
  return {
    name: 'save_note',
    given: { name: 'to-pay', text: `# To pay\n\n${lines.join('\n')}\n\nTogether: ${sum(invoices)}\n` },
  }
}

function answer(files: readonly Use[], uses: readonly Use[]): string {
  const invoices = unpaid(files)
  const refused = uses.filter(({ said }) => said.startsWith('refused: ')).length
  const more = refused === 0 ? '' : ` A file asked me for ${refused} other things, which I was refused.`
  return `${invoices.length} invoices are unpaid, ${sum(invoices)} together; the note to-pay says whom to pay, and until when.${more}`
}
