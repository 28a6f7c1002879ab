import { openHome } from '../../actions/open-home.ts';
import { scaleWorkers } from '../../actions/scale.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { argument, text } from '../../cli/flags.ts';
import { KoubouError } from '../../errors.ts';
import { openQueue } from '../../queue/open.ts';

export default class Scale extends BaseCommand {
  static override summary = 'Change how many tasks running workers do at once.';
  static override description =
    'Every worker of the home, or the one that --worker names. What runs is not stopped.';
  static override examples = ['<%= config.bin %> <%= command.id %> 1 4'];
  static override args = {
    min: argument({ description: 'At least so many.', required: true }),
    max: argument({ description: 'At most so many.', required: true }),
  };
  static override flags = {
    worker: text({ summary: 'Only this one, by its name in `koubou workers`.', helpValue: 'NAME' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Scale);
    const bounds = { min: slots(args.min ?? ''), max: slots(args.max ?? '') };
    const { queue } = await openHome(this.homeRequest(flags.home, 'act'), openQueue);
    const workers = await scaleWorkers(queue, { ...bounds, worker: flags.worker });
    if (flags.json) return this.printJson({ workers });
    await this.print(
      workers.map(({ worker_id, min, max }) => `${worker_id}  told: ${min} to ${max}`).join('\n'),
    );
  }
}

const slots = (written: string): number => {
  const count = Number(written);
  if (/^\d+$/.test(written) && count >= 1 && count <= 1000) return count;
  throw new KoubouError('usage', `'${written}' is not a whole number from 1 to 1000; nothing was changed.`);
};
