import { notes } from './src/index.ts'

const handler = notes()
const grant = { prefix: 'work/', rights: 'r' } as const
console.log('read work/plan:   ', handler.authorize(grant, { name: 'work/plan', need: 'r' }))
console.log('write work/plan:  ', handler.authorize(grant, { name: 'work/plan', need: 'rw' }))
console.log('read home/diary:  ', handler.authorize(grant, { name: 'home/diary', need: 'r' }))
console.log('to a child, less: ', handler.within({ prefix: 'work/today/', rights: 'r' }, grant))
console.log('to a child, more: ', handler.within({ prefix: '', rights: 'r' }, grant))
