import type { Store } from '@theater/event-chain'
import { drive, jobs } from './jobs.ts'
import type { HostPlan, Load, Told } from './plan.ts'
import { missing, records, turnWith } from './records.ts'
import type { Records } from './records.ts'
import { payer, payment, ringing, waker } from './stage.ts'
import type { Stage } from './stage.ts'

/** The payments that nobody has begun. */
export function unpaid(record: Records, { payments }: Load): number[] {
  return upTo(payments).filter((n) => turnWith(record[payer] ?? [], payment(n)) === undefined)
}

/** The timers that nobody has begun to set. */
export function unset(record: Records, { timers }: Load): number[] {
  return upTo(timers).filter((n) => turnWith(record[waker] ?? [], ringing(n)) === undefined)
}

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

/** Has everything done that is left to do, and waits until nobody has anything to do. */
export async function work(
  stage: Stage,
  store: Store,
  { durabilities, ...load }: Pick<HostPlan, 'durabilities' | keyof Load>,
  told: (told: Told) => void,
): Promise<void> {
  await stage.make(store, durabilities)
  await stage.idle()
  const record = await records(store)
  const couriers = drive(stage, missing(record, jobs(load.jobs)), (n, outcome) =>
    told({ of: 'job', n, outcome }),
  )
  const payments = (async () => {
    for (const n of unpaid(record, load)) {
      await stage.pay(n)
      told({ of: 'payment', n })
    }
  })()
  const timers = (async () => {
    for (const n of unset(record, load)) {
      await stage.wake(n)
      told({ of: 'timer', n })
    }
  })()
  await Promise.all([couriers, payments, timers])
  await stage.idle()
}
