/** Changes of a component: gentle ones, after which it most likely is one still, and wild ones. */
import { concat, scramble } from '../bytes.ts'
import type { Random } from '../random.ts'
import { functions, type Instruction } from './code.ts'
import {
  allBinaries,
  type Binary,
  isModule,
  leb,
  readBinary,
  readLeb,
  type Section,
  writeBinary,
} from './sections.ts'

/** Operators that take and give the same types. */
const alike: readonly (readonly [first: number, last: number])[] = [
  [0x46, 0x4f],
  [0x51, 0x5a],
  [0x5b, 0x60],
  [0x61, 0x66],
  [0x67, 0x69],
  [0x6a, 0x78],
  [0x79, 0x7b],
  [0x7c, 0x8a],
  [0x8b, 0x91],
  [0x92, 0x98],
  [0x99, 0x9f],
  [0xa0, 0xa6],
]

/** Value types of a component that are one core type. */
const flat: readonly (readonly number[])[] = [
  [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x7a, 0x79, 0x74],
  [0x78, 0x77],
]

/** Instructions that need nothing and leave nothing. */
const inserted: readonly (readonly number[])[] = [
  [0x01], // nop
  [0x00], // unreachable
  [0x0f, 0x00], // return: only valid where there is no result, or what is on the stack is one
  [0x41, 0x00, 0x1a], // i32.const 0, drop
  [0x42, 0x7f, 0x1a],
  [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0x1a], // f64.const nan, drop
  [0x02, 0x40, 0x0b], // an empty block
  [0x41, 0x01, 0x04, 0x40, 0x00, 0x0b], // if (true) unreachable
  [0x3f, 0x00, 0x1a], // memory.size, drop
  [0x41, 0x01, 0x40, 0x00, 0x1a], // memory.grow by one, drop
]

/** Constants of i32 and i64: small, one page, the largest and the least i32. */
const constants: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80, 0x80, 0x04],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0x80, 0x80, 0x80, 0x80, 0x78],
]

type Change = (section: Section, random: Random) => boolean

/** Changes one instruction to one that takes and gives the same, or its constant, or adds one. */
function changeCode(section: Section, random: Random): boolean {
  const code = section.content
  if (!(code instanceof Uint8Array)) return false
  const all = functions(code).filter(({ found }) => found.length > 0)
  if (all.length === 0) return false
  const { found, body } = random.of(all)
  const one = random.of(found)
  const [start, end] = body
  const fresh = changed(code, one, random)
  if (fresh === undefined) return false
  const inner = concat(code.subarray(start, one.at), fresh, code.subarray(one.end, end))
  // The size of the body is written before it.
  const sizeAt = start - leb(end - start).length
  section.content = concat(code.subarray(0, sizeAt), leb(inner.length), inner, code.subarray(end))
  return true
}

function changed(
  code: Uint8Array,
  { at, opcode, immediates, end }: Instruction,
  random: Random,
): Uint8Array | undefined {
  const group = alike.find(([first, last]) => opcode >= first && opcode <= last)
  if (group !== undefined && random.chance(0.7))
    return Uint8Array.of(group[0] + random.below(group[1] - group[0] + 1))
  if ((opcode === 0x41 || opcode === 0x42) && random.chance(0.7))
    return Uint8Array.from([opcode, ...random.of(constants)])
  if (opcode >= 0x28 && opcode <= 0x3e && random.chance(0.6))
    return concat(Uint8Array.of(opcode, 0), leb(random.of([0, 1, 4, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1])))
  if ((opcode === 0x0c || opcode === 0x0d || opcode === 0x20) && random.chance(0.3))
    return concat(Uint8Array.of(opcode), leb(random.below(4)))
  return concat(
    Uint8Array.from(random.of(inserted)),
    code.subarray(at, immediates),
    code.subarray(immediates, end),
  )
}

/** Changes a primitive type to another that is the same for core code. Where such a byte is something else, it is a wild change. */
function changeType(section: Section, random: Random): boolean {
  const { content } = section
  if (!(content instanceof Uint8Array)) return false
  const places = [...content.keys()].filter((at) => flat.some((group) => group.includes(content[at] ?? 0)))
  if (places.length === 0) return false
  const at = random.of(places)
  const group = flat.find((one) => one.includes(content[at] ?? 0)) ?? []
  section.content = content.with(at, random.of(group))
  return true
}

/** Changes the content of data segments: at the end of the section, so that most likely it is data. */
function changeData(section: Section, random: Random): boolean {
  const { content } = section
  if (!(content instanceof Uint8Array) || content.length < 16) return false
  const from = Math.floor(content.length / 4)
  section.content = content.with(from + random.below(content.length - from), random.below(256))
  return true
}

/** Changes the limits of memories. */
function changeMemory(section: Section, random: Random): boolean {
  if (!(section.content instanceof Uint8Array)) return false
  const min = random.of([0, 1, 2, 16, 100, 1000, 65_536, 65_537])
  section.content = random.chance(0.5)
    ? concat(Uint8Array.of(1, 0), leb(min))
    : concat(Uint8Array.of(1, 1), leb(min), leb(min + random.below(3)))
  return true
}

/** The sections whose content can be changed gently, by the id that they have in a module and in a component. */
const inModule: Readonly<Record<number, Change>> = { 5: changeMemory, 10: changeCode, 11: changeData }
const inComponent: Readonly<Record<number, Change>> = { 7: changeType, 10: changeName, 11: changeName }

/** Changes a letter of a name to another letter. */
function changeName(section: Section, random: Random): boolean {
  const { content } = section
  if (!(content instanceof Uint8Array)) return false
  const letters = [...content.keys()].filter((at) => (content[at] ?? 0) >= 0x61 && (content[at] ?? 0) <= 0x7a)
  if (letters.length === 0) return false
  const at = random.of(letters)
  section.content = content.with(
    at,
    random.chance(0.8) ? 0x61 + random.below(26) : random.of([0x2d, 0x27, 0x5d, 0x60, 0x0a, 0x5f]),
  )
  return true
}

function gentle(binaries: readonly Binary[], random: Random): void {
  // A weight for code, which is where most of what runs is.
  for (let tries = 0; tries < 20; tries++) {
    const modules = binaries.filter(isModule)
    const binary = modules.length > 0 && random.chance(0.75) ? random.of(modules) : random.of(binaries)
    if (random.chance(0.05)) {
      const name = random.bytes(random.below(20))
      binary.sections.push({
        id: 0,
        content: concat(
          leb(name.length),
          name.map((byte) => byte & 0x7f),
          random.bytes(20),
        ),
      })
      return
    }
    const changes = isModule(binary) ? inModule : inComponent
    const able = binary.sections.filter(({ id }) => changes[id] !== undefined)
    if (able.length === 0) continue
    const section = random.of(able)
    if (changes[section.id]?.(section, random) === true) return
  }
}

/** A section with all that is in it: none may contain itself. */
function copied({ id, content }: Section): Section {
  return { id, content: content instanceof Uint8Array ? content : readBinary(writeBinary(content)) }
}

function wild(binaries: readonly Binary[], random: Random): void {
  const binary = random.of(binaries.filter(({ sections }) => sections.length > 0))
  const { sections } = binary
  const at = random.below(sections.length)
  const section = sections[at]
  if (section === undefined) return
  switch (random.below(6)) {
    case 0:
      sections.splice(at, 1)
      return
    case 1:
      sections.splice(random.below(sections.length), 0, copied(section))
      return
    case 2:
      sections.splice(random.below(sections.length), 0, ...sections.splice(at, 1))
      return
    case 3: {
      const other = random.of(binaries)
      const piece = other.sections[random.below(Math.max(1, other.sections.length))]
      if (piece !== undefined) sections.splice(at, 0, copied(piece))
      return
    }
    case 4:
      if (section.content instanceof Uint8Array) section.content = counted(section.content, random)
      return
    default:
      if (section.content instanceof Uint8Array) section.content = scramble(section.content, random)
  }
}

/** Another number of items than there are. */
function counted(content: Uint8Array, random: Random): Uint8Array {
  try {
    const { value, next } = readLeb(content, 0)
    return concat(
      leb(random.of([0, 1, value + 1, Math.max(0, value - 1), 2 ** 32 - 1])),
      content.subarray(next),
    )
  } catch {
    return content
  }
}

/** A component, or what was one, made of another. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const tree = readBinary(bytes)
  const binaries = allBinaries(tree)
  const kind = random.below(100)
  const times = 1 + random.below(3)
  for (let i = 0; i < times; i++) (kind < 75 ? gentle : wild)(binaries, random)
  const made = writeBinary(tree)
  return kind >= 93 ? scramble(made, random) : made
}
