/**
 * `npm start`: the main job on this machine, whole, in a temporary home: a daemon, a handful of real tasks
 * through the model server that answers here, or through the tests' tiny model when none does, then programs.
 * It types the commands that a user would and shows what they print. `npm start -- FILE…` takes those files.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '..');
const program = join(root, 'bin', 'run.js');
const folder = mkdtempSync(join(tmpdir(), 'koubou-start-'));
const home = join(folder, '.koubou');
const environment: NodeJS.ProcessEnv = { ...process.env, KOUBOU_HOME: home };
// This is a person's view of koubou, also when an agent runs it.
delete environment['CLAUDECODE'];
const running = new Set<ChildProcess>();
const STOP_MS = 3000;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Runs a program to its end; its exit code. */
const run = async (args: readonly string[], stdio: 'inherit' | 'quiet'): Promise<number> => {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: environment,
    stdio: stdio === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'ignore', 'inherit'],
  });
  running.add(child);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  running.delete(child);
  return code ?? (signal === null ? 1 : 130);
};

const shown = (word: string): string => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word}'`);

/** Shows and runs a koubou command; ends everything when it fails. */
const koubou = async (...args: string[]): Promise<void> => {
  say(`\n$ koubou ${args.map(shown).join(' ')}`);
  const code = await run([program, ...args], 'inherit');
  if (code !== 0)
    throw new Failure(
      `\`koubou ${args[0]}\` ended with exit code ${code}: see its message above. The rest was not run.`,
    );
};

class Failure extends Error {}

/** Whether init found a model server here and a model in it. */
const modelFound = (): boolean => {
  const init = JSON.parse(readFileSync(join(home, 'config', '.init.json'), 'utf8')) as { works?: unknown };
  return init.works === true;
};

/** Starts the tests' model server; answers with its URL. */
const startTinyModel = async (): Promise<string> => {
  const install = await run([join(root, 'test', 'real', 'install.ts')], 'quiet');
  if (install !== 0) throw new Failure('The tiny model could not be installed; the reason stands above.');
  const server = spawn(process.execPath, [join(root, 'test', 'real', 'server.ts'), '--with-parent'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(server);
  for await (const line of createInterface({ input: server.stdout })) {
    return (JSON.parse(line) as { url: string }).url;
  }
  throw new Failure('The tiny model ended before it was ready; its words stand above.');
};

const chosenFiles = (): string[] => {
  const given = process.argv.slice(2).map((file) => resolve(process.env['INIT_CWD'] ?? root, file));
  const missing = given.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Failure(`There is no file ${missing.join(', ')}; nothing was started.`);
  if (given.length > 0) return given;
  return [];
};

/** Short ones: the stand-in model reads little at once, and the first run should not take long. */
const DEFAULT_FILES = '{README.md,docs/callers.md,docs/releasing.md,docs/routing.md,docs/task-lifecycle.md}';

const stopEverything = async (): Promise<void> => {
  if (existsSync(home)) await run([program, 'stop', '--now', '--home', home], 'quiet');
  for (const child of running) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const stubborn = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(stubborn);
  }
  rmSync(folder, { recursive: true, force: true });
};

const main = async (): Promise<void> => {
  const files = chosenFiles();
  if ((await run([join(root, 'build', 'build.ts')], 'quiet')) !== 0) throw new Failure('The build failed.');
  say(`A temporary home: ${home}`);
  if ((await run([program, 'init', '--home', home], 'quiet')) !== 0)
    throw new Failure('`koubou init` failed.');
  const real = modelFound();
  if (!real) {
    say(
      '\nNo model server answers on this machine, so a tiny stand-in model is used (85 MB, downloaded once).',
    );
    say('It runs real inference and proves the way from here to a kept result; its text MEANS NOTHING.');
    say(
      'For real work: install Ollama (https://ollama.com/download), `ollama pull gpt-oss:20b`, run this again.',
    );
    environment['OLLAMA_HOST'] = await startTinyModel();
    if ((await run([program, 'init', '--home', home], 'quiet')) !== 0)
      throw new Failure('`koubou init` failed.');
  }
  await koubou('doctor');
  await koubou('work', '--detach');
  if (files.length > 0) {
    for (const file of files) {
      await koubou('delegate', '--file', file, `Summarise ${basename(file)} in three lines`, '--wait');
    }
  } else {
    await koubou('delegate', '--each', DEFAULT_FILES, 'Summarise {file} in three lines', '--wait');
  }
  await koubou('delegate', '--type', 'command', '--wait', '--', 'node', '--version');
  await koubou(
    'delegate',
    '--type',
    'command',
    '--label',
    'why=example',
    '--wait',
    '--',
    'sh',
    '-c',
    'echo hi',
  );
  await koubou('status');
  await koubou('stop');
  say(`
It worked${real ? '' : ' (with the stand-in model)'}. To go on:
  npm link                                    # makes \`koubou\` a command, in any folder
  cd your-project && koubou init              # a home for the project
  koubou delegate --wait 'Say hello'          # a first task; a worker starts by itself
  koubou delegate --type command --wait -- npm test
  koubou --help`);
};

let code = 0;
const interrupted = (): void => {
  code = 130;
  for (const child of running) child.kill('SIGINT');
};
process.on('SIGINT', interrupted);
process.on('SIGTERM', interrupted);
try {
  await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  if (code === 0) {
    code = 1;
    process.stderr.write(`\n${error.message}\n`);
  }
} finally {
  await stopEverything();
}
process.exitCode = code;
