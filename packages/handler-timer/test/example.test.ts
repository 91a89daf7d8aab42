import { testExample } from '@theater/package-example'

testExample(import.meta.url, () => import('./example.ts'))
