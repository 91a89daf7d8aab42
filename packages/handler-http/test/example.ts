import { http } from '@theater/handler-http'
import type { HttpGrant } from '@theater/handler-http'

const handler = http({ secrets: { API_KEY: () => process.env['API_KEY'] ?? '' } })
const grant: HttpGrant = {
  out: [
    {
      origin: 'https://api.example.com',
      methods: ['GET', 'POST'],
      paths: ['/v1'],
      headers: { authorization: { secret: 'API_KEY', prefix: 'Bearer ' } },
    },
  ],
}

const origin = 'https://api.example.com'
console.log(handler.authorize(grant, { method: 'GET', origin, path: '/v1/models' }))
console.log(handler.authorize(grant, { method: 'GET', origin, path: '/v1/../admin' }))
console.log(handler.authorize(grant, { method: 'GET', origin: 'http://169.254.169.254', path: '/v1' }))
