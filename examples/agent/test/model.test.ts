import { describe, expect, it } from 'vitest'
import { startModel } from '../src/model.ts'
import { reply } from '../src/policy.ts'

const question = { role: 'user', content: 'What is to be paid?' } as const

describe('the stand-in', () => {
  it('answers whoever has the key, as the API does', async () => {
    await using model = await startModel({ key: 'k' })
    const ask = (authorization: string, body: string): Promise<Response> =>
      fetch(`${model.base}/v1/chat/completions`, { method: 'POST', headers: { authorization }, body })
    const body = JSON.stringify({ model: 'm', messages: [question] })
    expect((await ask('Bearer wrong', body)).status).toBe(401)
    expect((await ask('Bearer k', '{}')).status).toBe(400)
    expect((await fetch(`${model.base}/v1/models`)).status).toBe(404)
    const response = await ask('Bearer k', body)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', content: null } }],
      usage: { prompt_tokens: expect.any(Number), completion_tokens: expect.any(Number) },
    })
    expect(model.requests).toEqual({ answered: 1, unauthorized: 1 })
  })

  it('goes by the conversation alone: the same one, the same answer', () => {
    const first = reply([question])
    expect(first.tool_calls?.map(({ function: { name } }) => name)).toEqual(['read_file'])
    expect(reply([question])).toEqual(first)
    const told = {
      role: 'tool',
      tool_call_id: first.tool_calls?.[0]?.id ?? '',
      content: 'a.md\nsub/',
    } as const
    expect(reply([question, first, told]).tool_calls?.map((call) => call.function.arguments)).toEqual([
      '{"path":"a.md"}',
      '{"path":"sub/"}',
    ])
  })
})
