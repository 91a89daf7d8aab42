import { timer } from '@theater/handler-timer'

const handler = timer()

console.log(handler.within({ timers: 1, shortestMs: 60_000 }, {}))
console.log(handler.within({ shortestMs: 10 }, {}))
