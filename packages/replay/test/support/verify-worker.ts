import { parentPort, workerData } from 'node:worker_threads'
import { bytesSource, openCar } from '@theater/event-chain/car'
import { verifyCar } from '@theater/replay/node'

const car = await openCar(bytesSource(new Uint8Array(workerData as ArrayBuffer)))
const { verdicts } = await verifyCar(car)
parentPort?.postMessage(verdicts[0])
