import { BaseCommand } from '../../../src/cli/base-command.ts';

/** Uses every package that the build puts into a file of its own. */
export default class Apart extends BaseCommand {
  static override summary = 'Loads what is large.';

  async run(): Promise<void> {
    await this.parse(Apart);
    const [ajv, chokidar, execa, ollama, openai, undici, yaml] = await Promise.all([
      import('ajv/dist/2020.js'),
      import('chokidar'),
      import('execa'),
      import('ollama'),
      import('openai'),
      import('undici'),
      import('yaml'),
    ]);
    await this.printJson([
      new ajv.Ajv2020().validate({ type: 'string' }, 'text'),
      typeof chokidar.watch,
      (await execa.execa(process.execPath, ['-p', '1'])).stdout,
      typeof ollama.Ollama,
      new openai.default({ apiKey: 'none' }).baseURL,
      typeof undici.Agent,
      yaml.parse('a: 1'),
    ] as never);
  }
}
