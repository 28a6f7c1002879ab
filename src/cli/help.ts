import type { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { Help } from '@oclif/core/help';

/** Prints the help of one command, or of all when no id is given. */
export async function showHelp(config: Config, id: string | undefined): Promise<void> {
  const help = new OneScreenHelp(config, { hideCommandSummaryInDescription: true });
  if (id === undefined) return help.showRootHelp();
  const command = config.findCommand(id, { must: true });
  await help.showCommandHelp(withFlags(command, await command.load()));
}

class OneScreenHelp extends Help {
  override async showRootHelp(): Promise<void> {
    const { bin, pjson } = this.config;
    this.log(this.wrap(pjson.description ?? '', 0));
    this.log('');
    this.log(this.section('USAGE', `$ ${bin} COMMAND`));
    this.log('');
    this.log(this.formatCommands(this.sortedCommands));
    this.log('');
    this.log(`${bin} COMMAND --help shows the flags of a command.`);
  }
}

function withFlags(command: Command.Loadable, found: Command.Class): Command.Loadable {
  const named = <T>(definitions: Record<string, T> | undefined) =>
    Object.fromEntries(
      Object.entries(definitions ?? {}).map(([name, definition]) => [name, { ...definition, name }]),
    );
  return {
    ...command,
    description: found.description,
    examples: found.examples,
    usage: found.usage,
    strict: found.strict,
    args: named(found.args) as Command.Loadable['args'],
    flags: named({ ...found.baseFlags, ...found.flags }) as Command.Loadable['flags'],
  };
}
