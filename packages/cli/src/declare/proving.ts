import { Option } from 'commander'
import type { CertifyOptions } from '../commands/certify.ts'
import type { CheckpointCommandOptions } from '../commands/checkpoint.ts'
import type { KeyOptions } from '../commands/key.ts'
import type { ProofOptions } from '../commands/proof.ts'
import type { ReplayFlags } from '../commands/replay.ts'
import type { Declare } from './declare.ts'
import { collect, dataOption, grantOption, handlerOption, index, rerunOptions, seconds } from '../options.ts'
import type { VerifyFlags } from '../options.ts'

/** Commands that run records again. */
export function proving({ add, act }: Declare): void {
  rerunOptions(
    add('replay', 'Runs a component again over its record, shows what it does, and stops where told.')
      .argument('<ACTOR|FILE.car>', 'an actor of the data folder, or a file')
      .option('--actor <ID>', 'which record, where the file has several')
      .option('--from <N>', 'begins with the snapshot at event N, or nearest before it', index)
      .option('--snapshot <FILE>', 'has snapshots to begin with; may be given several times', collect, [])
      .option('--until <N>', 'stops after event N, and says what the component was about to do', index)
      .option('--events', 'shows every event, not the turns alone')
      .addOption(dataOption()),
  ).action(
    act(async (output, name: string, options: ReplayFlags) => {
      const { replay } = await import('../commands/replay.ts')
      return replay(name, options, output)
    }),
  )

  add('certify', 'Finds out whether a component does the same, event for event, however the engine runs it.')
    .argument('<FILE.wasm>', 'the component')
    .option('--call <EXPORT JSON…>', 'a call; may be given several times', collect, [])
    .option('--calls <FILE>', 'a file with such a call on each line')
    .addOption(grantOption())
    .addOption(handlerOption())
    .addOption(
      new Option(
        '--instance <LIFETIME>',
        'how long an instance of the component lives: actor, through all calls; or turn, for one call',
      )
        .choices(['turn', 'actor'])
        .default('actor'),
    )
    .option('--seconds <N>', 'how long all runs may take together', seconds, 30)
    .option('-o, --out <FILE.json>', 'where the certificate is written; by default into the data folder')
    .addOption(dataOption())
    .action(
      act(async (output, file: string, options: CertifyOptions) => {
        const { certify } = await import('../commands/certify.ts')
        return certify(file, options, output)
      }),
    )

  add('key', 'Prints the public key that a host signs its checkpoints with.')
    .option('--rotate', 'hands over to a new key first, and records that')
    .addOption(dataOption())
    .action(
      act(async (output, options: KeyOptions) => {
        const { key } = await import('../commands/key.ts')
        return key(options, output)
      }),
    )

  add('checkpoint', 'Prints what a host signed last, with what its witnesses cosigned.')
    .option('-o, --out <FILE>', 'where the checkpoint is written, for whoever keeps it')
    .addOption(dataOption())
    .action(
      act(async (output, options: CheckpointCommandOptions) => {
        const { checkpoint } = await import('../commands/checkpoint.ts')
        return checkpoint(options, output)
      }),
    )

  add(
    'proof',
    'Proves that an event is under a checkpoint of the host, or that its log goes on from an earlier one.',
  )
    .argument('[ACTOR]', "the actor's id")
    .argument('[SEQ]', 'the event', index)
    .requiredOption(
      '-o, --out <FILE>',
      'where the proof is written: FILE.tlog-proof, or FILE.tlog-consistency',
    )
    .option('--since <SIZE|FILE>', 'proves that the log goes on from that checkpoint')
    .option('--without-body', 'shows that the event is there, and not what it says')
    .addOption(dataOption())
    .action(
      act(async (output, actor: string | undefined, seq: number | undefined, options: ProofOptions) => {
        const { proof } = await import('../commands/proof.ts')
        return proof(actor, seq, options, output)
      }),
    )

  rerunOptions(
    add('verify', 'Proves records by running their components again, and checks how they hang together.')
      .argument(
        '<FILE.car|ACTOR...>',
        'files, or actors of the data folder; FILE.tlog-proof for one event, FILE.tlog-consistency for a log',
      )
      .option(
        '--key <KEY|FILE>',
        'a public key that has to have signed them; may be given several times',
        collect,
        [],
      )
      .option(
        '--witness <KEY|FILE>',
        'the public key of a witness that has to have cosigned them; may be given several times',
        collect,
        [],
      )
      .option(
        '--since <FILE>',
        'the checkpoint that was kept, which the log of FILE.tlog-consistency goes on from',
      )
      .option(
        '--from <N>',
        'begins the re-run with the snapshot at event N, or nearest before it; what is before is taken on trust',
        index,
      )
      .option(
        '--snapshot <FILE>',
        'snapshots that `theater export --snapshot` wrote, for --from; may be given several times',
        collect,
        [],
      )
      .addOption(dataOption()),
  ).action(
    act(async (output, subjects: string[], options: VerifyFlags) => {
      const { verify } = await import('../commands/verify.ts')
      return verify(subjects, options, output)
    }),
  )
}
