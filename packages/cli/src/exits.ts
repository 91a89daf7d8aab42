/** What every command's exit code means, the same for all of them. `theater run` of a command gives the guest's own. */
export const exits = {
  /** Done, or verified. */
  done: 0,
  /** Our own fault, or that of the machine: a bug, a full disk. */
  fault: 1,
  /** The command line asks for something that is not there. */
  usage: 2,
  /** Refused: a grant, an unmet import, the manifest, the component. */
  refused: 3,
  /** The guest failed: `err`, trap, abort. */
  guest: 4,
  /** A chain is not what its component does. */
  diverged: 5,
  /** Not a chain, or not an intact one. */
  broken: 6,
  /** It can neither be confirmed nor refuted here. */
  inconclusive: 7,
} as const

/** An exit code of this command's own. */
export type Exit = (typeof exits)[keyof typeof exits]

/** Conventional: 128 and the number of SIGINT. */
export const interrupted = 130
