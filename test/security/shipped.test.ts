/**
 * Principle 14: the command line runs from what is shipped, and loads nothing else. It is packed as a release is, and
 * tried in a folder where no node_modules is, with a note taken of every module that any of its processes asks for.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import {
  differenceOf,
  expectedFiles,
  filesBelow,
  isOfLibrary,
  packedFilesList,
  packInto,
} from '../../build/packed-files.ts';
import { type Ended, koubou } from '../support/koubou/koubou.ts';
import { type ChatServer, startChatServer } from '../support/servers/chat-server.ts';
import { stateHome } from '../support/state.ts';

const root = dirname(dirname(import.meta.dirname));

/** Loaded first by each Node process of a koubou under test; writes down what is asked for and what that came to. */
const NOTE_TAKER = `
const { registerHooks } = require('node:module');
const { appendFileSync } = require('node:fs');
const note = (text) => appendFileSync(LOG, text + '\\n');
registerHooks({
  resolve(specifier, context, next) {
    try {
      const found = next(specifier, context);
      if (!found.url.startsWith('node:')) note(found.url);
      return found;
    } catch (error) {
      note('unknown:' + specifier + ' for ' + context.parentURL);
      throw error;
    }
  },
});
// bin/load.js makes scripts of the files of the bundle itself.
const vm = require('node:vm');
const { pathToFileURL } = require('node:url');
vm.Script = class extends vm.Script {
  constructor(code, options) {
    note(options?.filename ? pathToFileURL(options.filename).href : 'unknown: code without a file');
    super(code, options);
  }
};
`;

/** A copy of the package, and what came of working with it. */
class Installed {
  readonly #folder: string;
  readonly #log: string;
  readonly program: string;
  readonly project: string;

  constructor(unpacked: string) {
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-shipped-')));
    cpSync(unpacked, join(this.#folder, 'package'), { recursive: true });
    this.program = join(this.#folder, 'package', 'bin', 'run.js');
    this.project = join(this.#folder, 'project');
    mkdirSync(this.project);
    this.#log = join(this.#folder, 'modules.log');
    writeFileSync(this.#log, '');
    writeFileSync(join(this.#folder, 'notes.cjs'), NOTE_TAKER.replace('LOG', JSON.stringify(this.#log)));
  }

  at(...path: string[]): string {
    return join(this.#folder, 'package', ...path);
  }

  run(...args: string[]): Promise<Ended> {
    return koubou(args, {
      program: this.program,
      cwd: this.project,
      environment: {
        XDG_STATE_HOME: stateHome,
        XDG_CACHE_HOME: join(this.#folder, 'cache'),
        NODE_OPTIONS: `--require=${join(this.#folder, 'notes.cjs')}`,
      },
    });
  }

  /** Modules that were asked for and are not of the package. */
  strangers(): string[] {
    const own = `file://${this.at()}`;
    const notes = `file://${join(this.#folder, 'notes.cjs')}`;
    return [...new Set(readFileSync(this.#log, 'utf8').trim().split('\n'))].filter(
      (url) => !url.startsWith(own) && url !== notes,
    );
  }

  loaded(name: string): boolean {
    return readFileSync(this.#log, 'utf8').includes(`/${name}\n`);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((found) => found[1] ?? '');

/** It looks for these in the folder of a project. */
const SETTINGS_OF_OCLIF = /^(?:\.oclifrc|oclif\.config)\./;

/** What the bundles ask for by name and the package has not, whether or not any command came there. */
const unresolved = (cli: string): string[] =>
  readdirSync(cli)
    .filter((name) => name.endsWith('.cjs'))
    .flatMap((name) => {
      const text = readFileSync(join(cli, name), 'utf8');
      // What stands in quotes is code that ajv could write out, and is not run.
      const required = matches(text, /(?<!["'`])\b(?:require|import)\(\s*["'`]([^"'`\s]+)["'`]\s*\)/g);
      const besides = [
        ...matches(text, /["'`](?:\.\/)?([\w@.-]+\.[cm]js)["'`]/g).filter(
          (file) => !SETTINGS_OF_OCLIF.test(file),
        ),
        // As src/judge/judge.ts names what lies beside it; src/config/cache.ts does without its schema.
        ...matches(text, /[`/]([\w-]+)\$\{[^`}]{0,60}extname/g)
          .filter((file) => file !== 'schema')
          .map((file) => `${file}.cjs`),
      ].map((file) => `./${file}`);
      const missing = required.filter((wanted) =>
        wanted.startsWith('.') ? !existsSync(join(cli, wanted)) : !isBuiltin(wanted),
      );
      return [...missing, ...besides.filter((wanted) => !existsSync(join(cli, wanted)))].map(
        (wanted) => `${name}: ${wanted}`,
      );
    });

const isBuiltin = (name: string): boolean => name.startsWith('node:') || builtinModules.includes(name);

describe('what is shipped', () => {
  let folder: string;
  let unpacked: string;
  let server: ChatServer;
  const opened: Installed[] = [];

  const install = (): Installed => {
    const installed = new Installed(unpacked);
    opened.push(installed);
    return installed;
  };

  before(async function () {
    this.timeout(120_000);
    folder = mkdtempSync(join(tmpdir(), 'koubou-packed-'));
    ({ unpacked } = packInto(root, folder));
    server = await startChatServer([{ kind: 'text', text: '{"answer": 42}' }]);
  });

  after(async () => {
    for (const installed of opened) installed.remove();
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  });

  it('is the files that build/packed-files.txt and src say, and no others', () => {
    const packed = filesBelow(unpacked);
    if (process.env['UPDATE_SNAPSHOT'] === '1') {
      const written = packed.filter((path) => !isOfLibrary(path));
      writeFileSync(packedFilesList(root), `${written.join('\n')}\n`);
    }
    assert.equal(differenceOf(packed, expectedFiles(root)), '');
    assert.match(differenceOf([...packed, 'bin/more.js'], expectedFiles(root)), /too many: bin\/more\.js/);
    assert.match(differenceOf(packed.slice(1), expectedFiles(root)), /missing: /);
  });

  it('tells nothing of the machine that packed it', () => {
    for (const path of filesBelow(unpacked).filter(
      (name) => name.startsWith('dist/') || name.startsWith('bin/'),
    )) {
      assert.ok(!readFileSync(join(unpacked, path), 'utf8').includes(root), path);
    }
  });

  it('asks for no module by name that it does not bring', () => {
    assert.deepEqual(unresolved(join(unpacked, 'dist', 'cli')), []);
  });

  const configure = (project: string, remark = ''): void =>
    writeFileSync(
      join(project, '.koubou', 'config', 'agent.yaml'),
      `endpoints:
  open: { kind: openai, url: '${server.url}' }
runners:
  open: { kind: openai, endpoint: open, model: tiny }
  command: { kind: command }
  claude: { kind: agent, use: claude, endpoint: open, model: tiny }
routing: { default: { general: open, command: command } }
${remark}`,
    );

  const work = async (installed: Installed): Promise<Ended[]> => {
    const ends = [await installed.run('init')];
    configure(installed.project);
    writeFileSync(join(installed.project, 'note.txt'), 'a note\n');
    writeFileSync(
      join(installed.project, 'answer.schema.json'),
      JSON.stringify({ type: 'object', required: ['answer'], properties: { answer: { type: 'integer' } } }),
    );
    const prompt = `Say what 6 x 7 is, see ${'4f'.repeat(16)}`;
    ends.push(
      await installed.run(
        'delegate',
        '--key',
        'model',
        '--schema',
        'answer.schema.json',
        '--file',
        'note.txt',
        prompt,
      ),
      await installed.run('delegate', '--key', 'program', '--type', 'command', '--', 'echo', 'done'),
      await installed.run('work', '--drain'),
      await installed.run('list'),
      await installed.run('status'),
      await installed.run('config'),
      await installed.run('route', 'What is 6 x 7?'),
      await installed.run('workers'),
      await installed.run('stop'),
    );
    return ends;
  };

  it('works where no node_modules is, and loads nothing but itself', async function () {
    this.timeout(120_000);
    const installed = install();
    for (const { code, stdout, stderr } of await work(installed)) assert.equal(code, 0, stdout + stderr);
    const tasks = JSON.parse((await installed.run('list', '--json')).stdout) as {
      tasks?: { task_id: string; status: string }[];
    };
    const list = tasks.tasks ?? [];
    assert.deepEqual(
      list.map(({ status }) => status),
      ['completed', 'completed'],
    );
    const results = await Promise.all(list.map(({ task_id: id }) => installed.run('result', id)));
    assert.deepEqual(results.map(({ stdout }) => stdout.trim()).sort(), ['done', '{"answer": 42}']);
    assert.match((await installed.run('config', 'runners.claude.args')).stdout, /--setting-sources=user/);
    assert.match((await installed.run('doctor')).stdout, /runner claude:/);
    const waited = await installed.run('delegate', '--wait', '--type', 'command', '--', 'echo', 'waited');
    assert.equal(waited.code, 0, waited.stderr);
    await installed.run('stop');
    for (const { code, stderr } of await Promise.all(
      ['apply', 'diff', 'discard', 'retry', 'cancel', 'logs', 'wait', 'trust'].map((name) =>
        installed.run(name, '--help'),
      ),
    )) {
      assert.equal(code, 0, stderr);
    }
    assert.ok(server.requests.length > 0);
    assert.deepEqual(installed.strangers(), []);
    for (const name of ['main.cjs', 'yaml.cjs', 'openai.cjs', 'execa.cjs', 'undici.cjs', 'chokidar.cjs']) {
      assert.ok(installed.loaded(name), `${name} was loaded, so that this shows something`);
    }
  });

  it('would be found to lack a bundle that only some work needs', async function () {
    this.timeout(120_000);
    const bundles = readdirSync(join(unpacked, 'dist', 'cli')).filter(
      (name) => name.endsWith('.cjs') && name !== 'main.cjs',
    );
    assert.ok(bundles.length >= 10, bundles.join(' '));
    const cli = install().at('dist', 'cli');
    for (const name of bundles) {
      renameSync(join(cli, name), join(folder, name));
      assert.ok(
        unresolved(cli).some((found) => found.endsWith(name)),
        `${name} is gone, and nobody sees it`,
      );
      renameSync(join(folder, name), join(cli, name));
    }
  });

  it('would be found to load from elsewhere', async function () {
    this.timeout(120_000);
    const installed = install();
    const elsewhere = relative(
      installed.at('dist', 'cli'),
      join(root, 'node_modules', 'yaml', 'dist', 'index.js'),
    );
    writeFileSync(
      installed.at('dist', 'cli', 'yaml.cjs'),
      `module.exports = require(${JSON.stringify(elsewhere)});`,
    );
    assert.equal((await installed.run('init')).code, 0);
    configure(installed.project);
    assert.equal((await installed.run('config')).code, 0);
    assert.ok(
      installed.strangers().some((url) => url.includes('/node_modules/yaml/')),
      installed.strangers().join(' '),
    );
    assert.ok(
      unresolved(installed.at('dist', 'cli')).length === 0,
      'the path is there, so only the note tells',
    );
    writeFileSync(installed.at('dist', 'cli', 'yaml.cjs'), 'module.exports = require("left-pad");');
    assert.deepEqual(unresolved(installed.at('dist', 'cli')), ['yaml.cjs: left-pad']);
    // A text that is not in the cache.
    configure(installed.project, '# another\n');
    assert.notEqual((await installed.run('config')).code, 0);
    assert.ok(installed.strangers().some((url) => url.startsWith('unknown:left-pad')));
  });
});
