import { Option } from 'commander'
import type { ArchiveCommandOptions } from '../commands/archive.ts'
import type { ChainOptions } from '../commands/chain.ts'
import type { GcOptions } from '../commands/gc.ts'
import type { LogsOptions } from '../commands/logs.ts'
import type { ImportCommandOptions } from '../commands/import.ts'
import type { RedactOptions } from '../commands/redact.ts'
import type { Declare } from './declare.ts'
import { levels } from '../log-lines.ts'
import { collect, dataOption, index, indices } from '../options.ts'

/** Commands that read what is in a data folder, and free it. */
export function folder({ add, act }: Declare): void {
  add('ps', 'Lists the actors of a data folder, or their timers.')
    .option('--timers', 'the timers that are still to fire, the next one first; reads every record')
    .addOption(dataOption())
    .action(
      act(async (output, { data, timers }: { readonly data: string; readonly timers?: true }) => {
        const { ps } = await import('../commands/ps.ts')
        return ps({ data, timers: timers === true }, output)
      }),
    )

  add('gc', 'Frees what actors have put into their store and nobody can ask for any more.')
    .option('--dry-run', 'says what would be freed, and frees nothing')
    .option('--grace <HOURS>', 'how long everything stays that was put or written to', index, 24)
    .addOption(dataOption())
    .action(
      act(async (output, options: GcOptions) => {
        const { gc } = await import('../commands/gc.ts')
        return gc(options, output)
      }),
    )

  add('chain', "Prints an actor's record, event by event.")
    .argument('<ACTOR>', "the actor's id")
    .option('--from <N>', 'the first event', index)
    .option('--to <N>', 'the last event', index)
    .option('-f, --follow', 'goes on with what is recorded meanwhile, until Ctrl-C or the end of the actor')
    .addOption(dataOption())
    .action(
      act(async (output, actor: string, options: ChainOptions) => {
        const { chain } = await import('../commands/chain.ts')
        return chain(actor, options, output)
      }),
    )

  add('logs', 'Prints what an actor logged, and what it wrote to its standard streams.')
    .argument('<ACTOR>', "the actor's id")
    .option('-f, --follow', 'goes on with what is logged meanwhile, until Ctrl-C or the end of the actor')
    .option('-n, --lines <N>', 'only the last N lines of those that are there', index)
    .option('--since <N>', 'only from event N on', index)
    .addOption(new Option('--level <LEVEL>', 'only what was logged at this level or above').choices(levels))
    .addOption(dataOption())
    .action(
      act(async (output, actor: string, options: LogsOptions) => {
        const { logs } = await import('../commands/logs.ts')
        return logs(actor, options, output)
      }),
    )

  add('export', 'Writes records with all that a verifier needs into one CAR v1 file.')
    .argument('<ACTOR...>', 'the actors')
    .requiredOption('-o, --out <FILE.car>', 'where the file is written')
    .option('--without-seed', 'keeps back what derived random numbers come from')
    .option('--witnessed', 'goes only as far as witnesses have cosigned')
    .option('--snapshot <FILE>', 'writes the last snapshots of the actors too, into a file of their own')
    .addOption(dataOption())
    .action(
      act(async (output, actors: string[], options: ExportFlags) => {
        const { exportActors } = await import('../commands/export.ts')
        const { data, out, withoutSeed = false, witnessed = false, snapshot } = options
        return exportActors(actors, { data, out, withoutSeed, witnessed, snapshot }, output)
      }),
    )

  add('archive', 'Writes the older part of a record to a file, and takes it out of the data folder.')
    .argument('<ACTOR>', "the actor's id")
    .option('-o, --out <FILE.car>', 'where the file is written')
    .option('--keep <N>', 'how many of the last events stay at least', index)
    .option('--before <SEQ>', 'only what comes before this event', index)
    .option('--restore <FILE.car...>', 'puts back what these files have')
    .addOption(dataOption())
    .action(
      act(async (output, actor: string, options: ArchiveCommandOptions) => {
        const { archive } = await import('../commands/archive.ts')
        return archive(actor, options, output)
      }),
    )

  add('import', 'Takes the records of files into the data folder, after checking them: all of them, or none.')
    .argument('<FILE.car...>', 'what `theater export` wrote, with all parts of what was archived')
    .option(
      '--key <KEY|FILE>',
      'a public key that has to have signed them; may be given several times',
      collect,
      [],
    )
    .option('--adopt', 'goes on with the actors here, which nobody may do elsewhere')
    .addOption(dataOption())
    .action(
      act(async (output, files: string[], options: ImportCommandOptions) => {
        const { importRecords } = await import('../commands/import.ts')
        return importRecords(files, options, output)
      }),
    )

  add('redact', "Erases what events of an actor's record say, for good, and signs that it did.")
    .argument('<ACTOR>', "the actor's id")
    .argument('<SEQ...>', 'the events', indices)
    .requiredOption('--reason <TEXT>', 'why: it is signed, and everybody who gets the record reads it')
    .option('--stop', 'ends the actor first: without these events it cannot be brought back')
    .addOption(dataOption())
    .action(
      act(async (output, actor: string, seqs: number[], options: RedactOptions) => {
        const { redact } = await import('../commands/redact.ts')
        return redact(actor, seqs, options, output)
      }),
    )
}

/** The options of `theater export`, as the command line gives them. */
interface ExportFlags {
  readonly data: string
  readonly out: string
  readonly snapshot?: string
  readonly withoutSeed?: true
  readonly witnessed?: true
}
