import { loadComponent } from '@theater/component'
import { type ComponentModel, encodeModel } from '@theater/values'

/** What a component imports and exports, with all its types. */
export async function modelOf(bytes: Uint8Array): Promise<ComponentModel> {
  return (await loadComponent(bytes)).model
}

/** Whether two components import and export the same, all types and their order included. */
export async function sameModel(one: Uint8Array, other: Uint8Array): Promise<boolean> {
  const models = await Promise.all([one, other].map(modelOf))
  const [a, b] = models.map((model) => Buffer.from(encodeModel(model)))
  return a !== undefined && b !== undefined && a.equals(b)
}
