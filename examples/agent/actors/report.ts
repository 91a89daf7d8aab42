/** What came of one question. */
export type Report = {
  readonly question: string | null
  /** `stopped`: a budget ended it; `failed`: the model could not be asked. */
  readonly outcome: 'none' | 'answered' | 'stopped' | 'failed'
  readonly answer: string | null
  /** Why there is no answer. */
  readonly reason: string | null
  /** How often the model was asked. */
  readonly rounds: number
  /** What the model's server said that it counted. */
  readonly tokens: number
  /** How many tools were refused. */
  readonly refused: number
  /** The names of the notes that there are, after it saved one. */
  readonly notes: readonly string[]
}
