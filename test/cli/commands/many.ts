import { BaseCommand } from '../../../src/cli/base-command.ts';

/** More output than a pipe holds. */
export default class Many extends BaseCommand {
  static override summary = 'Prints many lines.';

  async run(): Promise<void> {
    await this.parse(Many);
    for (let line = 0; line < 100_000; line++) await this.print(`line ${line}`);
  }
}
