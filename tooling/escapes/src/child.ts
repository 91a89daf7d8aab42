/** Runs attempts for a process that watches this one. */
import { escapesOf } from './catalogue.ts'
import type { Asked, Told } from './run.ts'

function tell(told: Told): void {
  process.send?.(told)
}

async function answer(asked: Asked): Promise<Told> {
  const found = (await escapesOf(asked.class)).find(({ id }) => id === asked.id)
  if (found === undefined) throw new Error(`there is no ${asked.id}`)
  tell({ tag: 'begun' })
  return { tag: 'outcome', outcome: await found.attempt() }
}

process.on('message', (asked: Asked) => {
  answer(asked).then(tell, (error: unknown) =>
    tell({
      tag: 'fault',
      message:
        error instanceof Error
          ? (error.stack ?? error.message).split('\n').slice(0, 2).join(' ')
          : String(error),
    }),
  )
})
