/** The definitions of a component binary, parsed but not yet given a meaning. */

/** Primitive value types, as the model names them. */
export type Primitive =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string'

/** A use of a value type: a primitive, or an index into the type index space. */
export type ValRef = Primitive | number

/** A label with the type it carries. */
export interface Labelled {
  readonly name: string
  readonly type: ValRef
}

/** A definition of a value type. */
export type ValSyntax =
  | { readonly k: 'primitive'; readonly primitive: Primitive }
  | { readonly k: 'record'; readonly fields: readonly Labelled[] }
  | { readonly k: 'variant'; readonly cases: readonly { name: string; type: ValRef | null }[] }
  | { readonly k: 'list'; readonly element: ValRef }
  | { readonly k: 'tuple'; readonly elements: readonly ValRef[] }
  | { readonly k: 'flags'; readonly names: readonly string[] }
  | { readonly k: 'enum'; readonly names: readonly string[] }
  | { readonly k: 'option'; readonly payload: ValRef }
  | { readonly k: 'result'; readonly ok: ValRef | null; readonly err: ValRef | null }
  | { readonly k: 'own' | 'borrow'; readonly resource: number }

/** Any definition of a type. */
export type TypeSyntax =
  | { readonly k: 'value'; readonly value: ValSyntax }
  | { readonly k: 'func'; readonly params: readonly Labelled[]; readonly result: ValRef | null }
  | { readonly k: 'component' }
  | { readonly k: 'instance'; readonly decls: readonly Definition[] }
  | { readonly k: 'resource' }

/** The index spaces that matter to a model. Core definitions are checked while parsing and then forgotten. */
export type Sort = 'core' | 'func' | 'type' | 'component' | 'instance'

/** What an import is, or an export is declared as. */
export type Extern =
  | { readonly k: 'core' }
  | { readonly k: 'func' | 'eq' | 'component' | 'instance'; readonly type: number }
  | { readonly k: 'resource' }

/** A name with what it stands for. */
export interface Binding {
  readonly name: string
  readonly sort: Sort
  readonly index: number
}

/** One definition of a component, or declaration of an instance type, in its order. */
export type Definition = { readonly offset: number } & (
  | { readonly k: 'component'; readonly body: ComponentSyntax }
  | { readonly k: 'instantiate'; readonly component: number; readonly args: readonly Binding[] }
  | { readonly k: 'bundle'; readonly exports: readonly Binding[] }
  | { readonly k: 'alias-export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly k: 'alias-outer'; readonly sort: Sort; readonly count: number; readonly index: number }
  | { readonly k: 'type'; readonly type: TypeSyntax }
  | { readonly k: 'lift'; readonly type: number }
  | { readonly k: 'import'; readonly name: string; readonly extern: Extern }
  | { readonly k: 'declare'; readonly name: string; readonly extern: Extern }
  | {
      readonly k: 'export'
      readonly name: string
      readonly sort: Sort
      readonly index: number
      readonly extern: Extern | null
    }
)

/** A component, the outermost or a nested one. */
export interface ComponentSyntax {
  readonly definitions: readonly Definition[]
}

/** A core module inside a component's bytes. */
export interface EmbeddedModule {
  readonly offset: number
  readonly bytes: Uint8Array
}
