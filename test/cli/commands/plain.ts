import { BaseCommand } from '../../../src/cli/base-command.ts';
import { restArguments } from '../../../src/cli/flags/flags.ts';

export default class Plain extends BaseCommand {
  static override summary = 'Prints its arguments.';
  static override args = { words: restArguments({ description: 'what to print' }) };

  async run(): Promise<void> {
    const { args } = await this.parse(Plain);
    await this.printJson(args.words as never);
  }
}
