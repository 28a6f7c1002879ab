/**
 * The bubblewrap that Codex confines commands with: in front of it stands a script that has it forbid further user
 * namespaces, in which a command could take away what Codex mounted over files (seccomp.ts), and, where the worker is root,
 * keeps the settings of the kernel from commands: Codex gives them a /proc in which root may write them. Codex itself asks
 * for neither, and starts the first `bwrap` of its PATH that lies outside of the folder of the work.
 */
import { readdir, realpath, stat, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { askProgram } from '../../process/programs/ask-program.ts';
import { findProgram } from '../../process/programs/find-program.ts';
import { isOwn } from '../../process/programs/own-path.ts';
import { isWithin } from '../../text/is-within.ts';
import { findSystemBubblewrap } from '../bubblewrap/find-bubblewrap.ts';
import { wordsForRoot } from '../bubblewrap/mounts.ts';
import { packageOf } from '../guarded/own-programs.ts';

/** Since bubblewrap 0.8. */
const FLAG = '--disable-userns';
const LIMIT_MS = 3000;

/**
 * Puts the script into a folder that commands do not see, and answers with the PATH for Codex: the same as before where
 * no bubblewrap knows the flag.
 */
export const guardedPath = async (
  folder: string,
  { bin, path = '' }: { bin: string; path: string | undefined },
): Promise<string> => {
  const found = await bubblewrapOf(bin, path);
  if (found === undefined) return path;
  const script = `#!/bin/sh
program=${quoted(found.program)}
[ "$#" -gt 1 ] || exec "$program" "$@"
folder=${quoted(folder)}
${WITHOUT_FOLDER}${behindOptions(await wordsForRoot())}exec "$program" ${found.knowsFlag ? FLAG : ''} "$@"
`;
  await writeFile(join(folder, 'bwrap'), script, { mode: 0o700 });
  return path === '' ? folder : [folder, path].join(delimiter);
};

/**
 * The PATH of the commands of Codex, where they have another one than Codex itself: `own` is that without folders in which a
 * model may have put programs, `guarded` the same as Codex gets it. Its sandbox looks for a bubblewrap there as well, so the
 * whole one is for commands only where koubou's comes first. `box`: null without a sandbox.
 */
export const commandPath = (
  whole: string | undefined,
  own: string,
  box: { programs: string } | null,
  guarded: string | undefined,
): string | null => {
  if (whole === undefined || whole === own) return null;
  if (box === null) return whole;
  return guarded === own ? null : [box.programs, whole].join(delimiter);
};

/** Commands cannot look into the folder, and a shell would say of what is nowhere that it may not be run. */
const WITHOUT_FOLDER = `path=":$PATH:"
path="\${path%%:"$folder":*}:\${path#*:"$folder":}"
path="\${path#:}"
export PATH="\${path%:}"
`;

/** Has the script put these words behind the options that Codex gives, where a later mount lies over an earlier one. */
const behindOptions = (words: readonly string[]): string =>
  words.length === 0
    ? ''
    : `left=$#
while [ "$left" -gt 0 ]; do
  word=$1
  shift
  left=$((left - 1))
  if [ "$word" = -- ] && [ -z "$behind" ]; then
    behind=yes
    set -- "$@" ${words.map(quoted).join(' ')}
  fi
  set -- "$@" "$word"
done
`;

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** The system's, which Codex would take too, or that which comes with Codex. */
const bubblewrapOf = async (
  bin: string,
  path: string,
): Promise<{ program: string; knowsFlag: boolean } | undefined> => {
  if (process.platform !== 'linux') return undefined;
  const system = await findSystemBubblewrap(path);
  const programs = [system, ...(await bundled(bin, path))].filter((program) => program !== undefined);
  for (const program of programs) if (await knowsFlag(program)) return { program, knowsFlag: true };
  const [first] = programs;
  // For root the script is worth it all the same.
  return first === undefined || process.getuid?.() !== 0 ? undefined : { program: first, knowsFlag: false };
};

const known = new Map<string, Promise<boolean>>();

const knowsFlag = async (program: string): Promise<boolean> => {
  const facts = await stat(program).catch(() => undefined);
  if (facts?.isFile() !== true) return false;
  const stamp = `${program} ${facts.mtimeMs}`;
  const answer = known.get(stamp) ?? ask(program);
  known.set(stamp, answer);
  return answer;
};

const ask = async (program: string): Promise<boolean> => {
  const environment = { PATH: '/usr/bin:/bin' };
  const answer = await askProgram(program, ['--help'], { cwd: '/', environment, limitMs: LIMIT_MS }).catch(
    () => undefined,
  );
  return answer !== undefined && `${answer.stdout}${answer.stderr}`.includes(FLAG);
};

/** In its package, beside the program (`bin/`) or in the package of the platform, beside that of the script. */
const bundled = async (bin: string, path: string): Promise<string[]> => {
  const found = await findProgram(bin, '/', path);
  const program = found === undefined ? undefined : await realpath(found).catch(() => undefined);
  if (program === undefined) return [];
  const own = dirname(dirname(program));
  const scopes = [dirname(own), join(own, 'node_modules', '@openai')];
  const packages = await Promise.all(
    scopes.map(async (scope) => (await namesIn(scope)).filter(isOfPlatform).map((name) => join(scope, name))),
  );
  const vendors = await Promise.all(
    [own, ...packages.flat()].map(async (folder) => {
      const vendor = join(folder, 'vendor');
      return (await namesIn(vendor)).map((name) => join(vendor, name));
    }),
  );
  const programs = [own, ...vendors.flat()].map((folder) => join(folder, 'codex-resources', 'bwrap'));
  const judged = programs.map(async (each) => ((await isUnchanged(each, program, path)) ? [each] : []));
  return (await Promise.all(judged)).flat();
};

/** What lies in the package of Codex in a project is held with it (own-programs.ts); elsewhere there a model may have made it. */
const isUnchanged = async (bwrap: string, codex: string, path: string): Promise<boolean> => {
  const held = packageOf(codex);
  const there = await realpath(bwrap).catch(() => undefined);
  if (held !== undefined && there !== undefined && isWithin(there, held)) return true;
  return isOwn(bwrap, { path, inside: [] });
};

const isOfPlatform = (name: string): boolean => name.startsWith('codex-linux-');

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
