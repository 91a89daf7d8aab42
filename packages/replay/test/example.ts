import { openCar } from '@theater/event-chain/car'
import { fileSource } from '@theater/event-chain/node'
import { steps, verifyCar } from '@theater/replay/node'

await using file = await fileSource(new URL('spine.car', import.meta.url).pathname)
const car = await openCar(file)
for (const { chain } of car.chains) {
  if (chain === null) continue
  for await (const { seq, kind, fn, args } of steps({ store: car, chain }, { from: 2, to: 5 })) {
    console.log(seq, kind, fn, args)
  }
}
const { verdicts } = await verifyCar(car)
for (const { actor, verdict, size } of verdicts) console.log(`${actor}: ${verdict}, ${size} events`)
