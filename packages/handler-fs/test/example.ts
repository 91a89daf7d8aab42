import { fs } from '@theater/handler-fs'
import type { FsGrant } from '@theater/handler-fs'

const handler = fs()
const grant: FsGrant = { mounts: { '/data': { host: '/srv/data', rights: 'r' } } }

console.log(handler.authorize(grant, { mount: '/data', path: 'a.txt', need: 'r' }))
console.log(handler.authorize(grant, { mount: '/data', path: 'a.txt', need: 'w' }))
console.log(handler.authorize(grant, { mount: '/data', path: '../secret', need: 'r' }))
console.log(handler.within({ mounts: { '/mine': { host: '/srv/data/mine', rights: 'r' } } }, grant))
