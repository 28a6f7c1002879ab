import { anyGoesOn, changeConfig, showConfig } from '../actions/setup/config.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { argument } from '../cli/flags/flags.ts';
import { renderConfig } from '../cli/render/config.ts';

export default class Config extends BaseCommand {
  static override summary = 'Show the configuration and where each value comes from, or set one value.';
  static override description =
    'Values are set in config/agent.yaml; its comments are kept. Environment variables override config/.env, which ' +
    'overrides agent.yaml.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> workers',
    '<%= config.bin %> <%= command.id %> workers.max 3',
  ];
  static override args = {
    key: argument({ description: 'Key, such as workers.max, or a group of keys.' }),
    value: argument({ description: 'New value, as written in the file: 3, 10m, true.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Config);
    const app = await this.app(flags, 'act');
    const shown =
      args.key !== undefined && args.value !== undefined
        ? await changeConfig(app, args.key, args.value)
        : await showConfig(app, args.key);
    const { config: entries } = shown;
    if (flags.json) await this.printJson(shown);
    else if (entries.length > 0) await this.print(renderConfig(shown));
    if (args.value !== undefined && entries.some(({ name }) => name !== undefined)) {
      this.hint(`The file was changed, but ${entries[0]?.name} goes before it.`);
    }
    if (args.value !== undefined && (await anyGoesOn(app.queue))) {
      this.hint('Workers that run go on as they began: `koubou stop`, and the next one reads it.');
    }
  }
}
