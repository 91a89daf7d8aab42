import { httpConformance } from '@theater/handler-conformance/vitest'
import { subject } from './http-subject.ts'

httpConformance(subject)
