/** What a program of the host left. */
export interface ProgramOutput {
  /** What it ended with, or null where a signal of somebody else ended it. */
  readonly exitCode: number | null
  /** All that it wrote to its standard output. */
  readonly stdout: Uint8Array
  /** All that it wrote to its standard error. */
  readonly stderr: Uint8Array
  /** The standard output as UTF-8 text. Throws a `TypeError` where it is none. */
  text(): string
}

/** `ctx.run`: programs of the host, from the list of the grant. */
export interface Programs {
  /**
   * Runs a program and waits until it has ended. An exit code other than 0 is no error: it is what the program says. It is not
   * undone where the handler throws later. Throws {@link ProgramError}.
   *
   * @param program its name in the grant
   * @param args its arguments, as they are: no shell reads them
   * @param options its standard input; none by default
   */
  run(
    program: string,
    args?: readonly string[],
    options?: { readonly stdin?: string | Uint8Array },
  ): ProgramOutput
}
