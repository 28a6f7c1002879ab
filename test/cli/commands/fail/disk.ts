import { BaseCommand } from '../../../../src/cli/base-command.ts';

export default class FailDisk extends BaseCommand {
  static override summary = 'Finds the disk full.';

  async run(): Promise<void> {
    throw Object.assign(new Error("ENOSPC: no space left on device, write '/x'"), { code: 'ENOSPC' });
  }
}
