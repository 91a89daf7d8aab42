import { cli, writableOutput } from '@theater/handler-cli'
import type { CliGrant } from '@theater/handler-cli'

const stdout = writableOutput(process.stdout)
const handler = cli({ connect: (actor) => (actor === 'main' ? { stdout } : undefined) })
const grant: CliGrant = { args: ['greet', 'world'], stdout: 'inherit' }

console.log(handler.within(grant, { stdout: 'inherit' }))
console.log(handler.within(grant, { args: ['greet', 'world'] }))
