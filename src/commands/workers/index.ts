import { listWorkers } from '../../actions/workers/workers.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { renderWorkers } from '../../cli/render/workers.ts';
import { openScreen } from '../../cli/show/live-screen.ts';

export default class Workers extends BaseCommand {
  static override summary = 'Show the workers, one row per slot.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Workers);
    const app = await this.app(flags, 'look');
    const listed = await listWorkers(app);
    if (flags.json) return this.printJson(listed);
    const { workers } = listed;
    if (workers.length === 0) return this.hint('No worker is running: `koubou work --detach` starts one.');
    await this.printDrawn(renderWorkers(workers, await openScreen(app.outer, workers), app.clock.wallMs()));
  }
}
