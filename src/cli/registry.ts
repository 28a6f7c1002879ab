import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';

/** What the build knows of the commands; written into the bundle. */
export interface Registry {
  name: string;
  version: string;
  description: string;
  /** By id: the words of the command joined by ':'. */
  commands: Record<string, RegisteredCommand>;
}

interface RegisteredCommand {
  summary: string;
  hidden: boolean;
  load: () => Promise<{ default: Command.Class }>;
}

/** The longest run of leading words that names a command, and what is left of them. */
export function findCommand(
  registry: Registry,
  argv: readonly string[],
): { id: string; rest: string[] } | undefined {
  const flag = argv.findIndex((word) => word.startsWith('-'));
  for (let count = flag === -1 ? argv.length : flag; count > 0; count--) {
    const id = argv.slice(0, count).join(':');
    if (Object.hasOwn(registry.commands, id)) return { id, rest: argv.slice(count) };
  }
  return undefined;
}

/** oclif's configuration with the plugin ready-made: nothing is looked for on disk. */
export async function loadConfig(registry: Registry): Promise<Config> {
  const { name, version, description } = registry;
  const pjson = { name, version, description, oclif: { bin: name, topicSeparator: ' ' } } as const;
  const root = import.meta.dirname;
  const plugin = {
    _base: '',
    alias: name,
    commandIDs: Object.keys(registry.commands),
    commands: Object.entries(registry.commands).map(([id, command]) => loadable(id, command)),
    commandsDir: undefined,
    findCommand: () => undefined,
    hasManifest: true,
    hooks: {},
    isRoot: true,
    load: async () => {},
    moduleType: 'commonjs',
    name,
    options: { root },
    pjson,
    root,
    topics: [],
    type: 'core',
    valid: true,
    version,
  };
  const config = new PlainConfig({ root, plugins: new Map([[name, plugin]]), pjson } as unknown as Options);
  await config.load();
  return config;
}

/** oclif looks for a file of colours at each start; koubou has its own. */
class PlainConfig extends Config {
  override loadTheme(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

type Options = ConstructorParameters<typeof Config>[0];

/** oclif reads its help from this; flags and arguments come with the class, when help of the command is asked for. */
function loadable(id: string, { summary, hidden, load }: RegisteredCommand): Command.Loadable {
  return {
    id,
    summary,
    hidden,
    aliases: [],
    hiddenAliases: [],
    args: {},
    flags: {},
    load: async () => {
      const { default: command } = await load();
      command.id = id;
      return command;
    },
  };
}
