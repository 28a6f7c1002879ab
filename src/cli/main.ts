import { KoubouError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { BaseCommand } from './base-command.ts';
import { splitWords } from './flags/words.ts';
import { write } from './output.ts';
import { findCommand, loadConfig, type Registry } from './registry.ts';
import { report } from './report-error.ts';

/** The command line from its first word to its exit code. */
export async function main(registry: Registry): Promise<void> {
  const { argv, words } = splitWords(process.argv.slice(2));
  BaseCommand.words = words;

  const fail = async (error: unknown) => {
    const id = findCommand(registry, argv)?.id;
    const code = await report(error, {
      command: [registry.name, ...(id?.split(':') ?? [])].join(' '),
      json: argv.includes('--json'),
      debug: /(^|,)(koubou|\*)/.test(process.env.DEBUG ?? ''),
    });
    process.exit(code);
  };
  process.on('uncaughtException', (error) => void fail(error));

  try {
    await dispatch(registry, argv);
  } catch (error) {
    await fail(error);
  }
  // What a command left open (a connection kept alive, a watcher) must not keep the shell waiting.
  process.exit();
}

async function dispatch(registry: Registry, argv: string[]): Promise<void> {
  const [first] = argv;
  const config = await loadConfig(registry);
  if (first === '--version') {
    await write('stdout', `${config.userAgent}\n`);
    return;
  }
  const asked = first === 'help' ? argv.slice(1) : argv;
  const found = findCommand(registry, asked);
  if (asked.length === 0 || first === 'help' || argv.includes('--help') || argv.includes('-h')) {
    if (!found && asked[0] !== undefined && !asked[0].startsWith('-')) throw unknownCommand(registry, asked);
    const { showHelp } = await import('./help.ts');
    return showHelp(config, found?.id);
  }
  if (!found) throw unknownCommand(registry, argv);
  await config.runCommand(found.id, found.rest);
}

function unknownCommand({ name, commands }: Registry, argv: string[]): KoubouError {
  const flag = argv.findIndex((word) => word.startsWith('-'));
  if (flag === 0) {
    return new KoubouError('usage', `A command has to come before ${argv[0]}`, {
      hint: `See ${name} --help`,
    });
  }
  const typed = argv.slice(0, flag === -1 ? argv.length : flag);
  const ids = Object.keys(commands).filter((id) => !commands[id]?.hidden);
  const topics = ids.flatMap((id) =>
    id.split(':').map((_, index, parts) => parts.slice(0, index + 1).join(':')),
  );
  const underTopic = typed.length > 1 && topics.includes(typed[0] ?? '');
  const words = underTopic ? typed.slice(0, 2) : typed.slice(0, 1);
  const guess = nearest(words.join(':'), ids);
  return new KoubouError('usage', `There is no command '${words.join(' ')}'`, {
    hint: guess ? `Did you mean ${name} ${guess.replaceAll(':', ' ')}?` : `See ${name} --help`,
  });
}
