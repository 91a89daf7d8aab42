/** What an environment variable begins with that is a secret under the rest of its name. */
const PREFIX = 'THEATER_SECRET_'

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What a manifest says under `[secrets]`: where each comes from. */
export type SecretSources = Readonly<Record<string, { readonly env: string }>>

/**
 * The secrets of a host by name: `THEATER_SECRET_KEY` of the environment is `KEY`, and a manifest may name another variable.
 * What is not set, or empty, is no secret. Values are read when they are used.
 */
export function secretsOf(
  environment: Environment,
  sources: SecretSources = {},
): Readonly<Record<string, () => string>> {
  const variables = new Map(
    Object.keys(environment)
      .filter((variable) => variable.startsWith(PREFIX))
      .map((variable) => [variable.slice(PREFIX.length), variable]),
  )
  for (const [name, { env }] of Object.entries(sources)) variables.set(name, env)
  return Object.fromEntries(
    [...variables]
      .filter(([name, variable]) => name !== '' && (environment[variable] ?? '') !== '')
      .map(([name, variable]) => [name, () => environment[variable] ?? '']),
  )
}

/** What a person does about a secret that is not there. */
export const secretAdvice = `Set ${PREFIX}NAME in the environment, or name a variable under [secrets] in theater.toml.`
