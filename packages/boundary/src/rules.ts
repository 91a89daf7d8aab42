/** A function whose success queues a call of another actor's export. */
export interface QueueRule {
  /** The export that the receiver gets called at, by its name within its track. */
  readonly fn: string
  /** The receiver's id, from the guest's lifted arguments. */
  to(args: readonly unknown[]): string
  /** The receiver's arguments. */
  args(args: readonly unknown[], sender: string): readonly unknown[]
}

/**
 * The functions that queue, by name within their track. The rule is the boundary's, not a handler's, so that a re-run
 * without handlers comes to the same `send` events, and so that nobody can deliver what the guest did not say.
 */
const rules: Readonly<Record<string, QueueRule>> = {
  'theater:messaging/client@0.1#send': {
    fn: 'theater:messaging/receiver@0.1#handle-send',
    to: (args) => args[0] as string,
    args: (args, sender) => [{ tag: 'actor', val: sender }, args[1]],
  },
}

/** The queue rule of a function, by its name within its track. */
export function queueRule(name: string): QueueRule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined
}
