import { defineActor } from '@theater/actor'
import { helper } from './uses-node-helper.ts'

export default defineActor({ messages: { go: () => helper() } })
