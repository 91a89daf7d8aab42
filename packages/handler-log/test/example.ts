import { log, printable } from '@theater/handler-log'

const handler = log({ maxLength: 1000 })

console.log(handler.within({ level: 'warn' }, { level: 'info' }))
console.log(handler.within({ level: 'trace' }, { level: 'info' }))
console.log(printable('\u001b[2Jall is \u202elleb\nfor good'))
