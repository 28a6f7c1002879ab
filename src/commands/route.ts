import { showRoute } from '../actions/delegate/route.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { delegateFlags, fieldsOf } from '../cli/flags/delegate-flags.ts';
import { boolean, restArguments } from '../cli/flags/flags.ts';
import { promptFrom } from '../cli/flags/prompt-words.ts';
import { renderRoute } from '../cli/render/route.ts';
import { systemClock } from '../process/clock.ts';

export default class Route extends BaseCommand {
  static override summary = 'Show which runner and model a task would get, and why, without adding it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --explain "Explain what this does." --file src/a.ts',
    '<%= config.bin %> <%= command.id %> --type code --label team=web "Add tests." --json',
  ];
  static override usage = '<%= command.id %> [PROMPT] [FLAGS] [-- PROGRAM...]';
  static override args = { prompt: restArguments({ description: 'What to do.' }) };
  static override flags = {
    explain: boolean({ summary: 'Show each rule of routing.rules and why it matches or not.' }),
    type: delegateFlags.type,
    file: delegateFlags.file,
    label: delegateFlags.label,
    priority: delegateFlags.priority,
    model: delegateFlags.model,
    runner: delegateFlags.runner,
    timeout: delegateFlags.timeout,
    retries: delegateFlags.retries,
    'local-only': delegateFlags['local-only'],
  };
  static override takesWords = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Route);
    const prompt = promptFrom(args.prompt ?? [], flags, () => false);
    const fields = fieldsOf(flags, prompt, this.words, systemClock.wallMs());
    const route = await showRoute(fields, await this.app(flags, 'act'));
    if (flags.json) return this.printJson(route);
    return this.print(renderRoute(route, flags.explain));
  }
}
