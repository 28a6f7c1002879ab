import { once } from 'node:events';
import { BaseCommand } from '../../../src/cli/base-command.ts';

/** Says that it runs, then waits for a signal and says which. */
export default class Linger extends BaseCommand {
  static override summary = 'Waits for a signal.';

  async run(): Promise<void> {
    await this.parse(Linger);
    const keepAlive = setInterval(() => {}, 1 << 30);
    const arrived = Promise.race(['SIGTERM', 'SIGHUP'].map((name) => once(process, name).then(() => name)));
    await this.print(`ready ${process.version}`);
    await this.print(await arrived);
    clearInterval(keepAlive);
    this.exitWith(4);
  }
}
