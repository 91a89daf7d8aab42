import { defineActor, Failure } from '@theater/actor'

export default defineActor({
  uses: ['process'],
  messages: {
    words(ctx, text: string) {
      const { exitCode, text: output } = ctx.run('count', ['-w'], { stdin: text })
      if (exitCode !== 0) throw new Failure('count', `wc ended with ${exitCode}`)
      return Number(output())
    },
  },
})
