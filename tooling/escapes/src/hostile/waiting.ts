/** Guests that wait, and the types of what their lives are made of. */
import { core } from './guests.ts'

/** A guest whose turn waits until its host lets it go on, and one of whose exports says how often it was called. */
export const waiting = core({
  imports: [['take', '(func)', '']],
  code: `(global $n (mut i32) (i32.const 0))
    (func (export "run") (result i32) (call $take) (global.get $n))
    (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))`,
  exports: [
    '(func (export "run") (result u32) (canon lift (core func $i "run")))',
    '(func (export "count") (result u32) (canon lift (core func $i "count")))',
  ],
})

/** A door that a host call waits behind. */
export function door(): {
  readonly reached: Promise<void>
  readonly open: () => void
  readonly run: () => Promise<void>
} {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const run = (): Promise<void> => {
    reached.resolve()
    return opened.promise
  }
  return { reached: reached.promise, open: opened.resolve, run }
}

/** The types of `theater:actor/migration`, as a guest that exports it declares them. */
export const MIGRATION = `package attack:moves;
  world moves { export theater:actor/migration@0.1.0; }
  package theater:actor@0.1.0 {
    interface types {
      record message { format: string, body: list<u8> }
      record failure { code: string, message: string, detail: option<message> }
    }
    interface lifecycle { use types.{message, failure}; init: func(params: message) -> result<_, failure>; }
    interface migration {
      use types.{message, failure};
      save: func() -> message;
      load: func(state: message) -> result<_, failure>;
    }
  }`
