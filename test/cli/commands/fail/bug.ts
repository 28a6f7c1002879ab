import { BaseCommand } from '../../../../src/cli/base-command.ts';

export default class Bug extends BaseCommand {
  static override summary = 'Fails as a fault of ours would.';

  async run(): Promise<void> {
    await this.parse(Bug);
    throw new TypeError('undefined is not a function');
  }
}
