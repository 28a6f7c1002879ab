/**
 * Run as a process, in namespaces of its own, where a copy of what was prepared lies at the root: traces one command, or
 * puts a fault into one of its calls, then looks whether the next command finds all right. Prints JSON.
 *
 *     point.ts ROOT PROGRAM SCRATCH SCENARIO FACTS [POINT]
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import { until } from '../../test/support/until.ts';
import { type CommandPoint, pointsIn, type Seen, seenIn, straceOf, unflushedIn } from './calls.ts';
import { wordsOf } from './killer.ts';
import { SCENARIOS } from './scenarios.ts';
import { type CommandEnd, type Facts, Stage } from './stage.ts';

const [root = '', program = '', scratch = '', name = '', facts_ = '{}', point_] = process.argv.slice(2);
const facts = JSON.parse(facts_) as Facts;
const point = point_ === undefined ? undefined : (JSON.parse(point_) as CommandPoint);
const stage = new Stage(root, program, scratch);
const scenario = SCENARIOS.find((one) => one.name === name);
if (scenario === undefined) throw new Error(`there is no scenario ${name}`);

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
const realGit = (process.env['PATH'] ?? '')
  .split(':')
  .map((folder) => join(folder, 'git'))
  .find((path) => fs.existsSync(path));

/** A git that counts, and is looked at: each one, or the one that gets the fault. */
const wrapGit = (): void => {
  const strace =
    point === undefined
      ? quoted(straceOf('LOG')).replace("'LOG'", `"${scratch}/git-$n"`)
      : quoted(straceOf(`${scratch}/git-log`, point));
  const wanted = point === undefined ? '$n' : `${point.of}`;
  const script = `#!/bin/sh
exec 8> '${scratch}/git-lock'
flock 8
n=$(($(cat '${scratch}/gits' 2> /dev/null || echo 0) + 1))
echo $n > '${scratch}/gits'
exec 8>&-
if [ $n = ${wanted} ]; then
  echo "$*" > "${scratch}/asked-$n"
  exec ${strace} ${realGit} "$@"
fi
exec ${realGit} "$@"
`;
  fs.writeFileSync(join(root, 'bin', 'git'), script, { mode: 0o755 });
};

const unwrapGit = (): void => fs.rmSync(join(root, 'bin', 'git'), { force: true });

const logOf = (of: CommandPoint['of']): string => join(scratch, of === 'koubou' ? 'koubou-log' : 'git-log');

/** What a person keeps there: the config (its cache is made anew), what is written for Claude Code, the key. */
const KEPT =
  /^(?:project\/(?:\.koubou\/(?:config\/(?!\.cache)|home\.json|\.gitignore)|\.claude\/|[^/]+$)|state\/)/;

const traceAll = async (): Promise<{ points: CommandPoint[]; unflushed: string[] }> => {
  wrapGit();
  const log = logOf('koubou');
  const { code, stdout, stderr } = await stage.start(scenario.args(facts), straceOf(log)).end;
  if (code !== 0) throw new Error(`it fails by itself: ${code} ${stdout}${stderr}`);
  const points = pointsIn(log, root, 'koubou', '');
  for (let n = 1; fs.existsSync(join(scratch, `git-${n}`)); n += 1) {
    const words = wordsOf(fs.readFileSync(join(scratch, `asked-${n}`), 'utf8'));
    const asked = words.slice(0, 2).join(' ');
    points.push(...pointsIn(join(scratch, `git-${n}`), root, n, asked));
  }
  return { points, unflushed: unflushedIn(log, root, KEPT) };
};

/** As when a container is stopped: everything in it at once. */
const killAll = (): void => {
  try {
    process.kill(-1, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
};

const hurt = async (it: CommandPoint): Promise<CommandEnd> => {
  const log = logOf(it.of);
  if (it.of !== 'koubou') wrapGit();
  const under = it.of === 'koubou' ? straceOf(log, it) : [];
  const { child, end } = stage.start(scenario.args(facts), under);
  if (it.fault === 'killed with all') {
    const hit = (): boolean =>
      fs.existsSync(log) && fs.readFileSync(log, 'utf8').includes('killed by SIGKILL');
    await until(() => child.exitCode !== null || child.signalCode !== null || hit(), 'the kill', 90_000);
    killAll();
  }
  const ended = await end;
  // A git that was started lives on: it is done when somebody types the next command.
  await until(() => gits().length === 0, 'the end of its gits', 60_000).catch((error: unknown) => {
    const left = gits().map((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    throw new Error(`${String(error)}: ${left.join('; ')}`);
  });
  unwrapGit();
  return ended;
};

const gits = (): string[] =>
  fs.readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      return / \(git[^)]*\) [^ZX]/.test(stat);
    } catch {
      return false;
    }
  });

/** After a command that was killed, typed once more, it must not wait for the dead. */
const LONGEST_SECONDS = 15;
const words = ({ code, stdout, stderr }: CommandEnd): string => `${code}: ${stdout}${stderr}`.slice(0, 600);

const judge = async (first: CommandEnd): Promise<string[]> => {
  const faults: string[] = [];
  const said = first.stdout + first.stderr;
  if (/^ {4}at /m.test(said) && first.signal === null)
    faults.push(`it tells a stack, no reason: ${words(first)}`);
  if (first.seconds > LONGEST_SECONDS + 10) faults.push(`it took ${first.seconds.toFixed(0)} s`);
  if (first.code === 0 && !(await scenario.done(stage, facts, first)))
    faults.push(`it said that it was done, and it is not: ${words(first)}`);
  const next = await stage.koubou(...scenario.args(facts));
  if (next.seconds > LONGEST_SECONDS) faults.push(`the next one took ${next.seconds.toFixed(0)} s`);
  if (next.code !== 0 && scenario.again?.test(next.stdout + next.stderr) !== true)
    faults.push(`the next one ended with ${words(next)}`);
  else if (!(await scenario.done(stage, facts, next)))
    faults.push(`it is not done after the next one: ${words(next)}`);
  await stage.koubou('stop');
  const drain = await stage.koubou('work', '--drain');
  if (drain.code !== 0) faults.push(`the drain ended with ${words(drain)}`);
  if (drain.seconds > LONGEST_SECONDS) faults.push(`the drain took ${drain.seconds.toFixed(0)} s`);
  faults.push(...census(stage.home, { acknowledged: facts.ids, retried: 'unknown' }).faults);
  const allowed = ['.git', '.koubou', '.claude', 'CLAUDE.md', 'old.txt', 'made'];
  // The key and what is known of homes, beside all of them.
  for (const one of fs.readdirSync(join(root, 'state'), { recursive: true, encoding: 'utf8' })) {
    if (/\.(?:tmp|lock)$/.test(one)) faults.push(`${one} is left in the folder of the key`);
  }
  for (const one of fs.readdirSync(stage.project)) {
    if (!allowed.includes(one)) faults.push(`${one} is left in the project`);
  }
  return faults;
};

if (scenario.before !== undefined) await scenario.before(stage);
if (point === undefined) console.log(JSON.stringify(await traceAll()));
else {
  const first = await hurt(point);
  const log = logOf(point.of);
  const seen = fs.existsSync(log) ? seenIn(log, root) : [];
  const isThere = ({ call, nth, isMain }: Seen): boolean =>
    call === point.call && nth === point.nth && isMain === point.isMain;
  const hit = seen.findLast(isThere)?.what ?? null;
  const missed = hit !== point.what;
  const elsewhere = missed && (hit ?? '') === '';
  // Node's own calls between its threads never fail so.
  const counts = !elsewhere || point.fault.startsWith('killed');
  const wanted = seen.find(({ call, what, isMain }) => {
    return call === point.call && what === point.what && isMain === point.isMain;
  });
  const nth = wanted?.nth ?? null;
  console.log(JSON.stringify({ missed, elsewhere, nth, faults: counts ? await judge(first) : [] }));
}
process.exit(0);
