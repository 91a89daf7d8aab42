import { once } from 'node:events'
import { paramsOf, written } from './cast.ts'
import { STAND_IN_KEY, startModel } from './model.ts'

// The stand-in alone, where theater.toml says that the model is: for `theater run`.
const key = process.env['MODEL_KEY'] || STAND_IN_KEY
const { base } = paramsOf(await written())
await using model = await startModel({ key, port: Number(new URL(String(base)).port) })
console.log(
  `a stand-in for a model answers at ${model.base}/v1/chat/completions, whoever has this key: ${key}`,
)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
