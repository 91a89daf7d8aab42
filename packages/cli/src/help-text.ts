import type { Command } from 'commander'

/** What stands under the options of a command's help. */
export interface HelpText {
  /** Paragraphs, as long as they are: they are broken into lines for the terminal there is. */
  readonly about?: readonly string[]
  /** Commands that somebody could type. */
  readonly examples: readonly string[]
}

const LIMITS =
  'Defaults of the limits: --max-events 10000000, --max-traps 1000, --max-memory 4294967296, --max-fuel 100000000000, --max-seconds 600. What a chain needs above them is not run: the verdict is then inconclusive and accuses nobody.'

const HANDLER =
  '--handler gives the host a handler of somebody else: the default export of a file or an installed package, or the one named handlers. It is called with the JSON after =, where it is a function. Its code runs in this host and may do all that this command may.'

/** The text of each command, by its name. */
export const helpTexts = {
  build: {
    about: [
      'Bundles the source, derives from what it uses which interfaces it imports, and makes a component of it. Types are checked first, by the TypeScript that is installed beside it.',
    ],
    examples: [
      'theater build counter.ts -o counter.wasm',
      'theater build visits.ts -o visits.wasm --wit cache.wit',
    ],
  },
  types: {
    about: [
      'An actor imports an interface by its name, as in import { get } from "example:cache/cache@0.1.0"; theater build --wit takes it from there. The file is for editors, and for tsc: put it where the tsconfig.json of the project finds it.',
    ],
    examples: ['theater types cache.wit -o src/wit.d.ts'],
  },
  dev: {
    about: [
      'Each component that takes the place of another gets its state through theater:actor/migration and a record of its own: the one before is ACTOR~1, ACTOR~2 and so on. What does not build, or cannot take the state over, is shown, and what ran goes on. Type errors are shown and stop nothing.',
      'A line of standard input, NAME or NAME JSON, is a call as of `theater call`. Without --grant and --manifest the actor is granted its log. Ctrl-C ends it.',
      HANDLER,
    ],
    examples: [
      'theater dev counter.ts',
      'theater dev counter.ts --grant log --grant store',
      'theater dev auditor.ts --manifest theater.toml',
    ],
  },
  inspect: {
    about: [
      'Nothing of the component is run. The manifest runs as it stands; what would need a choice is there as a comment.',
      'Of a manifest it shows the limits that each of its actors has, those of the manifest and the defaults, and what its component takes of them before anything runs.',
      'Of an actor it shows how durable it is, its snapshot, or why it has none, and the timers that it has; also while another process runs it. A file of that name comes first.',
      HANDLER,
    ],
    examples: [
      'theater inspect counter.wasm',
      'theater inspect counter.wasm --toml > theater.toml',
      'theater inspect theater.toml',
      'theater inspect counter',
    ],
  },
  run: {
    about: [
      'The actors of a manifest that the data folder does not know are made, in the order in which they are written; those that it knows are brought back by running their records again, and go on where they were. The command ends when nobody has anything to do; where one of them is granted to answer HTTP requests it goes on. Timers that are still to fire stay in the records, and it says so; with --wait it goes on until there are none. Ctrl-C ends it cleanly.',
      "A component that exports wasi:cli/run gets ARGS, and its exit code is this command's. What begins with - stands after --. Any other component becomes an actor for `theater call`.",
      "A component is granted what the command line says, or an actor of --manifest, and its log; nothing else. What it writes goes to its log, and what it reads is at its end, unless --stdin, --stdout, --stderr or --stdio connect it to this command's own streams.",
      HANDLER,
    ],
    examples: [
      'theater run theater.toml',
      'theater run theater.toml --actor counter --fresh',
      'theater run tool.wasm --stdout -- --verbose input.txt',
      'theater run wc.wasm --stdio < notes.txt',
      'theater run issuer.wasm --env HOME=/ --grant \'random={"live":true}\'',
      'theater run tool.wasm --manifest theater.toml --actor tool --stdout',
      `theater run theater.toml --handler './cache.ts={"url": "redis://127.0.0.1"}'`,
    ],
  },
  serve: {
    about: [
      'Each of --instances is an actor with a record of its own, and takes one request at a time: one request, one turn. A request goes to an actor that is idle; where all are at work it waits, and whoever is free first takes it. Actors of the data folder go on where they were. Goes on until Ctrl-C.',
      'A component that knows nothing of actors gets a fresh instance for each request, as one for wasi:http/proxy expects. With --instance actor there is one for as long as the actor lives, whose memory a request finds as the one before left it.',
      'It may answer all requests to this machine; what else it may is said by --grant, or by an actor of --manifest. What it writes goes to its log.',
      HANDLER,
    ],
    examples: [
      'theater serve app.wasm',
      'theater serve app.wasm --instances 4 --listen 127.0.0.1:3000',
      'theater serve counter.wasm --instance actor',
      'theater serve app.wasm --manifest theater.toml --actor app',
    ],
  },
  call: {
    about: [
      'JSON stands for values by the types of the export: records as objects, variants as "case" or {"case": …}, an option as null or its value, list<u8> as {"utf8": …} or {"base64": …}, 64-bit integers as numbers or text. Prints {"ok": …} or {"err": …}; with the latter the exit code is 4.',
    ],
    examples: [
      'theater call reporter summary',
      `theater call counter add '{"by": 2}'`,
      'theater call calc divide 7 2',
    ],
  },
  ps: {
    examples: ['theater ps', 'theater ps --timers', 'theater ps --data /srv/audit/.theater --json'],
  },
  dead: {
    about: [
      'A dead letter follows from the records, and so does its end: where a turn that it becomes ends well, it is none any more. It is taken again by the actor that has the name of its receiver now, as the same message of the same sender. What the turns did outside that failed before stays done.',
      '`ls` reads, also while another process runs the folder; archived parts of records from their files, and from those that are named. `retry` brings the actors back as `theater call` does, and ends with 4 where one of the letters fails again.',
    ],
    examples: [
      'theater dead ls',
      'theater dead retry auditor@12@reporter',
      'theater dead drop auditor@12@reporter',
    ],
  },
  gc: {
    about: [
      'A blob stays where a label names it, where it was put within the last --grace hours, where its hash stands in a record of the folder, and where a tree that stays has it. Uploads that nothing was written to for as long are given up. No actor may run meanwhile.',
    ],
    examples: ['theater gc --dry-run', 'theater gc --grace 0 --data /srv/audit/.theater'],
  },
  chain: {
    examples: [
      'theater chain counter',
      'theater chain counter --from 5 --to 20',
      'theater chain counter --follow',
    ],
  },
  logs: {
    about: [
      "The lines come from the actor's record: each has the time at which its turn started. What an actor that was not granted `log` would have logged is not in it. What was written to the standard streams has no level, and is shown unless --level is given.",
    ],
    examples: [
      'theater logs counter',
      'theater logs counter --follow --level warn',
      'theater logs counter -n 20',
    ],
  },
  replay: {
    about: [
      'Shows a line for each turn: the event that began it, how it ended, how many calls it made, who asked for what, and what it answered. Each is shown when the component has done it again, and the last line says what the re-run came to: the exit code is that of `theater verify`. No handler runs, nothing is opened and nothing is written.',
      LIMITS,
    ],
    examples: [
      'theater replay counter',
      'theater replay audit.car --actor auditor --events',
      'theater replay counter --until 120',
      'theater replay counter --from 9000',
    ],
  },
  certify: {
    about: [
      "Makes the calls, in order, on a new actor of the component, again and again: with either of the engine's compilers and with both, on a small stack and a large one, each time in a process of its own; and runs the first one's record again as often. Time, seed, id and salts are always the same, so all heads are the same, or the first event is shown that is not.",
      'Without --call and --calls every export that takes nothing is called once. Nothing is granted but the log and the standard streams of a command. Where --grant reaches outside (fs, http, clocks, random), only the first run does that, and all others run its record again.',
    ],
    examples: [
      'theater certify calc.wasm',
      "theater certify calc.wasm --call 'divide 7 2' --call 'divide 7 0'",
      `theater certify counter.wasm --call 'add {"by": 2}' --call total --json`,
    ],
  },
  export: {
    about: [
      'Any tool for CAR opens the file. It tells whoever has it all that these actors got and did, and every random number that was derived for them. With --without-seed not the latter: a verifier then says of an actor that draws random numbers that it is verified up to the first of them.',
    ],
    examples: [
      'theater export counter -o counter.car',
      'theater export auditor reporter -o audit.car',
      'theater export player -o player.car --without-seed',
      'theater export counter -o counter.car --snapshot counter.snapshot',
    ],
  },
  import: {
    about: [
      'A record that comes from elsewhere is history here: it is called ACTOR~1, ACTOR~2 and so on, which no actor can be, and can be read, verified and exported again with the signature that it came with; where there is no ACTOR here, that name is enough. No host brings it back, and none signs it. One that is here already is left as it is; where the files have another record of the same chain, all of it is refused. A record that was archived in part comes whole: what `theater export` wrote of it, and all files of its parts.',
      '--adopt is for moving actors: the next `theater run` of the folder goes on with them under their own names. If the host that they come from goes on with them too, there are two records of one actor that contradict each other, and every verifier sees that. The component is not run by this command: `theater verify` does that.',
    ],
    examples: [
      'theater import audit.car',
      'theater import audit.car --key host.pub --data archive',
      'theater import counter.car --adopt',
      'theater import tail.car counter-1.car counter-2.car',
    ],
  },
  archive: {
    about: [
      'For records that grow long: the file has the older events, sealed by a checkpoint, and is read again and compared before they are taken out; the data folder gets smaller. It ends between two turns, as far on as can be. What is left is proven and signed as before, and exported by itself; an actor that goes on needs a snapshot from which it is brought back. A second time the next part goes to another file. No host may run on the folder meanwhile.',
      'The file is then the only place that has these events. What asks for one of them says so. `theater verify` takes all parts together and verifies the whole; --restore puts them back, the last one first, whatever the order they are named in.',
    ],
    examples: [
      'theater archive counter -o counter-1.car',
      'theater archive counter -o counter-2.car --keep 10000',
      'theater verify counter counter-1.car counter-2.car',
      'theater archive counter --restore counter-1.car counter-2.car',
    ],
  },
  redact: {
    about: [
      'What the events say is overwritten in the data folder; that they were there, their place and their hashes stay, so that the record is still intact, and everything under a checkpoint still is. The host signs a tombstone: which event, when, and the reason. A verifier says of such a record that it is verified up to the first of them, and then inconclusive: redacted.',
      'The actor cannot be brought back any more, so one that has not ended needs --stop. Nothing is erased elsewhere: not in files that were exported before, not in the records of actors that it talked to, not in what it kept with theater:store, and not in copies that the disk or its backups have. The first event, which says what the record is, stays.',
    ],
    examples: [
      "theater redact counter 12 --reason 'asked for by the customer'",
      "theater redact counter 12 13 --stop --reason 'a password was typed here'",
    ],
  },
  key: {
    about: [
      'A host signs what its records have come to: a checkpoint after 1,000 turns, after ten seconds, and when it ends. The key is made with the data folder and stays in it, as host.key, for its owner alone. Whoever has the public key can check an exported file without this host. `theater run --fresh` forgets the key with the records.',
      '--rotate hands over to a new key: both sign that, and who trusts the one before can follow.',
    ],
    examples: ['theater key', 'theater key > host.pub', 'theater key --rotate'],
  },
  checkpoint: {
    about: [
      'A checkpoint is the signed head of the log of a host: a C2SP signed note. Whoever keeps it can be shown later, with `theater proof --since FILE`, that nothing before it was changed, cut off or left out. What there is to say of the witnesses of the host goes to stderr: how much of the log each of them cosigned, and why not all.',
    ],
    examples: ['theater checkpoint', 'theater checkpoint -o monday.checkpoint'],
  },
  proof: {
    about: [
      'Of an event the file is a C2SP tlog-proof: it leads from the event through its record to the checkpoint that the host signed, and holds all that is needed to check it, with `theater verify FILE.tlog-proof --key KEY` or without us. It shows what the event says, unless --without-body is given. Where witnesses cosigned a checkpoint that is over the event, it is proven under that one.',
      'With --since it proves that the log goes on from an earlier checkpoint, which `theater verify FILE.tlog-consistency --since FILE --key KEY` checks.',
    ],
    examples: [
      'theater proof counter 12 -o event.tlog-proof',
      'theater proof --since monday.checkpoint -o today.tlog-consistency',
    ],
  },
  verify: {
    about: [
      LIMITS,
      'Of several chains it is also checked that every message that one says it got was sent by the other. A record says nothing about whether its inputs were true, and a host can withhold a whole chain or the end of one: what is verified is that the component, given these inputs, did exactly this.',
      'With --key a record also has to be signed, to its end, by one of these keys, or by one that they handed over to. With --witness each of these witnesses has to have cosigned what the key signed.',
      'With --from only what comes after a snapshot is run, and the verdict says so: the state that it begins with was kept by whoever ran the actor, and nobody proved it. Structure and signatures are checked from the first event on.',
    ],
    examples: [
      'theater verify audit.car',
      'theater verify counter',
      'theater verify chain.car --component counter.wasm',
      'theater verify audit.car --key host.pub',
      'theater verify audit.car --key host.pub --witness witness.pub',
      'theater verify counter --from 12000',
      'theater verify counter.car --from 12000 --snapshot counter.snapshot',
      'theater verify event.tlog-proof --key host.pub',
      'theater verify today.tlog-consistency --since monday.checkpoint --key host.pub',
    ],
  },
} as const satisfies Readonly<Record<string, HelpText>>

/** The text of a command's help, as wide as the rest of it. */
export function helpText(command: Command, { about = [], examples }: HelpText): string {
  const width = command.configureOutput().getOutHelpWidth?.() ?? 80
  const paragraphs = about.map((text) => command.createHelp().boxWrap(text, width))
  const list = [
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...examples.map((example) => `  ${example}`),
  ]
  return `\n${[...paragraphs, list.join('\n')].join('\n\n')}\n`
}
