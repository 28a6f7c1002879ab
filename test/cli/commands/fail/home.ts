import { BaseCommand } from '../../../../src/cli/base-command.ts';
import { KoubouError } from '../../../../src/errors.ts';

export default class Home extends BaseCommand {
  static override summary = 'Fails with an error that has its own exit code.';

  async run(): Promise<void> {
    await this.parse(Home);
    throw new KoubouError('no_home', 'There is no .koubou here. Nothing was added.');
  }
}
