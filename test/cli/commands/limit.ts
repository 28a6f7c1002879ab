import { BaseCommand } from '../../../src/cli/base-command.ts';

export default class Limit extends BaseCommand {
  static override summary = 'Ends with an exit code and no error.';

  async run(): Promise<void> {
    await this.parse(Limit);
    this.exitWith(4);
  }
}
