import { BaseCommand } from '../../../src/cli/base-command.ts';
import { argument, choice, duration, integer, repeatable, text } from '../../../src/cli/flags/flags.ts';

/** Prints what it was given: the parts of the harness that only a real process can show. */
export default class Echo extends BaseCommand {
  static override summary = 'Prints what it was given.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --file a.md "the prompt"',
    '<%= config.bin %> <%= command.id %> --timeout 10m -- npm test',
  ];
  static override takesWords = true;
  static override args = { prompt: argument({ description: 'what to print' }) };
  static override flags = {
    file: repeatable({ summary: 'A file.', helpValue: 'F' }),
    timeout: duration({ summary: 'How long it may take.' }),
    priority: integer({ summary: 'How urgent it is.', min: 1, max: 10, default: 5 }),
    type: choice({ summary: 'What it is.', options: ['general', 'code'] as const })(),
    model: text({ summary: 'Which model.' }),
    'prompt-file': text({ summary: 'Where the prompt is.', exclusive: ['model'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Echo);
    const stdin = args.prompt === '-' ? (await this.readStdin()).toString() : undefined;
    await this.printJson({ args, flags, words: this.words ?? null, stdin } as never);
  }
}
