import { scaleWorkers } from '../../actions/workers/scale.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { argument, text } from '../../cli/flags/flags.ts';
import { KoubouError } from '../../errors.ts';

export default class Scale extends BaseCommand {
  static override summary = 'Change how many tasks the workers run in parallel.';
  static override description =
    'Applies to all workers of the home, or to the one that --worker names. Running tasks are not stopped.';
  static override examples = ['<%= config.bin %> <%= command.id %> 1 4'];
  static override args = {
    min: argument({ description: 'Minimum number of slots.', required: true }),
    max: argument({ description: 'Maximum number of slots.', required: true }),
  };
  static override flags = {
    worker: text({ summary: 'Change only this worker, named as in `koubou workers`.', helpValue: 'NAME' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Scale);
    const bounds = { min: slots(args.min ?? ''), max: slots(args.max ?? '') };
    const app = await this.app(flags, 'act');
    const scaled = await scaleWorkers(app, { ...bounds, worker: flags.worker });
    if (flags.json) return this.printJson(scaled);
    await this.print(
      scaled.workers.map(({ worker_id, min, max }) => `${worker_id}  told: ${min} to ${max}`).join('\n'),
    );
  }
}

const slots = (written: string): number => {
  const count = Number(written);
  if (/^\d+$/.test(written) && count >= 1 && count <= 1000) return count;
  throw new KoubouError('usage', `'${written}' is not a whole number from 1 to 1000; nothing was changed.`);
};
