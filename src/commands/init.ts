import { init } from '../actions/setup/init.ts';
import { backend } from '../app/app.ts';
import { askCallers } from '../cli/ask/ask-callers.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean } from '../cli/flags/flags.ts';
import { renderInit } from '../cli/render/init.ts';
import { worded } from '../say/say.ts';

export default class Init extends BaseCommand {
  static override summary = 'Create a .koubou folder here, with a config that fits this machine.';
  static override description =
    'Looks for Ollama, LM Studio and their models, and writes a config for what it found. ' +
    'Safe to repeat: it never overwrites a file that you edited.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --claude',
  ];
  static override flags = {
    global: boolean({ summary: 'Create it in your home folder, for all projects.', exclusive: ['home'] }),
    claude: boolean({
      summary: 'Tell Claude Code how to delegate (CLAUDE.md), and allow it to (.claude/settings.json).',
    }),
    'allow-network-fs': boolean({ summary: 'Accept a network file system.' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Init);
    const result = worded(
      await init({
        cwd: this.cwd,
        environment: this.environment,
        home: flags.home,
        global: flags.global,
        claude: flags.claude,
        allowNetworkFs: flags['allow-network-fs'],
        askRights: this.#canAsk(flags.json) ? () => this.askLines(askCallers) : undefined,
        ...backend,
      }),
    );
    if (flags.json) await this.printJson(result);
    else await this.print(renderInit(result));
  }

  #canAsk(json: boolean): boolean {
    return !json && process.stdin.isTTY === true && process.stderr.isTTY === true;
  }
}
