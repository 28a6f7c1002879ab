import { trustHome } from '../actions/setup/trust.ts';
import { backend } from '../app/app.ts';
import { confirmTrust } from '../cli/ask/confirm-trust.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { boolean } from '../cli/flags/flags.ts';
import { renderTrusted } from '../cli/render/trust.ts';

export default class Trust extends BaseCommand {
  static override summary = 'Trust a home that came from elsewhere, after you have seen what it would run.';
  static override description =
    'Shows the programs, tasks and addresses of a home that koubou did not make for you, asks, and signs it. Before ' +
    'that, koubou only reads such a home. A home of another user is always refused.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tasks --yes',
  ];
  static override flags = {
    tasks: boolean({
      summary: 'Also trust its tasks, after showing them; they run as if you had added them.',
    }),
    yes: boolean({ summary: 'Do not ask.' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Trust);
    const { environment, cwd } = this;
    const trusted = await trustHome({
      home: flags.home,
      environment,
      cwd,
      tasks: flags.tasks,
      ...backend,
      confirm: (shown) => confirmTrust(this, shown, flags),
    });
    if (trusted === undefined) {
      this.hint('Nothing was signed.');
      this.exitWith(1);
    } else if (flags.json) await this.printJson(trusted);
    else await this.print(renderTrusted(trusted));
  }
}
