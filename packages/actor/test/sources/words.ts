import { defineActor, Failure } from '@theater/actor'

export default defineActor({
  uses: ['process'],
  messages: {
    words(ctx, text: string) {
      const output = ctx.run('count', ['-w'], { stdin: text })
      if (output.exitCode !== 0) throw new Failure('count', `wc ended with ${output.exitCode}`)
      return Number(output.text())
    },
  },
})
