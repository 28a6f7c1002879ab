import { delegate } from '../actions/delegate.ts';
import { openHome } from '../actions/open-home.ts';
import { projectOf } from '../actions/project.ts';
import { tellDelegated } from '../cli/added.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { delegateFlags, fieldsOf } from '../cli/delegate-flags.ts';
import { restArguments, revealFlag } from '../cli/flags.ts';
import { promptFrom } from '../cli/prompt-words.ts';
import { promptFolders } from '../config/paths.ts';
import { openQueue } from '../queue/open.ts';

export default class Delegate extends BaseCommand {
  static override summary = 'Add a task: a prompt for a model, or a program.';
  static override description =
    'Prints the id of the task as soon as the task is safely on disk. The prompt can also come from stdin.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --file src/a.ts "Explain what this does."',
    'git diff | <%= config.bin %> <%= command.id %> --file - --wait "Review this."',
    '<%= config.bin %> <%= command.id %> --type command --wait -- npm test',
    `<%= config.bin %> <%= command.id %> --each 'docs/*.md' "Summarise {file}." --output 'out/{stem}.txt'`,
  ];
  static override usage = '<%= command.id %> [PROMPT] [FLAGS] [-- PROGRAM...]';
  static override args = { prompt: restArguments({ description: 'What to do.' }) };
  static override flags = { ...delegateFlags, reveal: revealFlag() };
  static override takesWords = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Delegate);
    const nowMs = Date.now();
    const prompt = promptFrom(args.prompt ?? [], flags, () => this.stdinIsPiped);
    const fields = fieldsOf(flags, prompt, this.words, nowMs);
    const { cwd } = this;
    const opened = await openHome(
      { ...this.homeRequest(flags.home, 'act'), reveal: flags.reveal },
      openQueue,
    );
    const delegated = await delegate(
      { fields, each: flags.each, batch: flags.batch, skipExisting: flags['skip-existing'] },
      {
        queue: opened.queue,
        config: opened.config,
        home: opened.home,
        cwd,
        createdBy: opened.environment.createdBy,
        caller: opened.caller,
        project: () => projectOf({ home: opened.home, cwd, environment: this.environment }),
        unconfinable: async (folder) =>
          (await import('../actions/confinement.ts')).unconfinable(this.environment, folder),
        nowMs,
        environment: opened.outer,
        readStdin: () => this.readStdin(),
        requireTemplate: async (name) => {
          const { requireTemplate } = await import('../runner/registry.ts');
          return requireTemplate(name, promptFolders(opened.home));
        },
        programEnvironment: async () => {
          const { reducedEnvironment } = await import('../process/reduced-environment.ts');
          return reducedEnvironment(opened.outer, opened.config.security.env_pass);
        },
        randomName: async () => (await import('node:crypto')).randomBytes(4).toString('hex'),
      },
    );
    const { wait, json, home } = flags;
    if (!wait) return tellDelegated(this, opened, delegated, { json, home });
    const { resultsOfDelegated } = await import('../cli/added-and-waited.ts');
    const loadRunners = async () => (await import('../runner/registry.ts')).buildRunners;
    return resultsOfDelegated(this, opened, delegated, {
      json,
      home,
      limit: flags['wait-timeout'],
      loadRunners,
    });
  }
}
