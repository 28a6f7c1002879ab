import { doctor } from '../actions/doctor/doctor.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { renderDoctor } from '../cli/render/doctor.ts';
import { worded } from '../say/say.ts';

export default class Doctor extends BaseCommand {
  static override summary = 'Check everything a task needs, and say how to fix each fault.';
  static override description = 'Exits with 1 if it finds a fault.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const diagnosis = worded(
      await doctor({
        cwd: this.cwd,
        environment: this.environment,
        home: flags.home,
        nodeVersion: process.versions.node,
      }),
    );
    if (flags.json) await this.printJson(diagnosis);
    else await this.print(renderDoctor(diagnosis));
    if (!diagnosis.ok) this.exitWith(1);
  }
}
