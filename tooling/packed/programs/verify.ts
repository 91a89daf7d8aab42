// Verifies what is in a file, and nothing else is installed than it takes. Run as `verify.ts FILE`.
import { openCar } from '@theater/event-chain/car'
import { fileSource } from '@theater/event-chain/node'
import { verifyCar } from '@theater/replay/node'

await using file = await fileSource(process.argv[2]!)
const { verdicts } = await verifyCar(await openCar(file))
for (const verdict of verdicts) {
  console.log(verdict.actor, verdict.verdict, verdict.verdict === 'broken' ? verdict.index : verdict.size)
}
