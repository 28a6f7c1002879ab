/** A home with something of every kind in it, and a server that does its tasks: for the built program. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookDead } from '../../test/support/queue/dead.ts';
import { startScriptedServer, steps } from '../../test/support/servers/scripted-server.ts';
import { signAnew } from '../../test/support/state.ts';
import { asideIn, heldUpIn, misplacedIn, withoutReason } from './aftermath.ts';
import { filesHolding, fingerprint, layOut } from './lay-out.ts';
import { MARKER, plantAt } from './planting.ts';
import { PLANTS } from './plants.ts';
import { answerTo, type Stage } from './stage.ts';

const BROKEN: readonly (readonly [target: string, plant: string])[] = [
  ['a pending task', 'a pipe'],
  ['a failed task', 'the first half'],
  ['a blocked task', 'a link to a file outside'],
  ['a delayed task', '2 GB, sparse'],
  ['a task of a dead worker', 'a block of zeros, as a power cut leaves it'],
  ['the run file of a dead worker', 'a link to itself'],
  ['the beat of a dead worker', 'a hundred thousand brackets'],
  ['the child record of a dead worker', 'null'],
  ['the mark of a cancel', 'a folder with something in it'],
  ['a message to a worker', 'a socket'],
  ['a dropped json file', 'a link to a folder outside'],
  ['a dropped yaml file', 'bad UTF-8 alone'],
  ['a dropped md file', 'an empty folder'],
  ['a dropped txt file', '2 GB, sparse'],
  ['the config cache', 'a pipe'],
  ['the record of a worktree', 'a pipe'],
  ['a task of a batch that was cut short', '__proto__'],
  ['permits of an endpoint', 'a link to a folder outside'],
  ['a slot', 'a pipe'],
];

const DEVICE = ['a reserve file', 'a device that gives zeros without end'] as const;

export interface ServedHome {
  home: string;
  problems: () => string[];
  remove: () => Promise<void>;
}

export const makeServedHome = async (stage: Stage, isRoot: boolean): Promise<ServedHome> => {
  const root = fs.mkdtempSync(join(tmpdir(), 'koubou-served-'));
  const home = join(root, 'home');
  layOut(stage.entries, home, null);
  signAnew(home);
  const server = await startScriptedServer([
    ({ body }) => steps.text(answerTo(String(body?.messages?.at(-1)?.content ?? ''))),
  ]);
  fs.writeFileSync(
    join(home, 'config/agent.yaml'),
    `version: 1
endpoints: { here: { kind: ollama, url: '${server.url}' } }
runners: { ollama: { kind: ollama, endpoint: here, model: scripted } }
routing: { default: { general: ollama, code: ollama } }
`,
  );
  // It would name another server.
  fs.writeFileSync(join(home, 'config/.env'), '');
  // A daemon that drains would wait for what another one runs.
  for (const holder of stage.holders) lookDead(home, holder);
  const outsides: { path: string; before: string[] }[] = [];
  for (const [index, [what, which]] of [...BROKEN, ...(isRoot ? [DEVICE] : [])].entries()) {
    const target = stage.targets.find((each) => each.what === what);
    const plant = PLANTS.find((each) => each.what === which);
    if (target === undefined || plant === undefined) throw new Error(`there is no ${what} or no ${which}`);
    const path = join(root, `beside-${index}`);
    fs.mkdirSync(path);
    await plantAt(target, plant, null)(home, path);
    outsides.push({ path, before: fingerprint(path) });
  }
  return {
    home,
    problems: () => {
      const aside = asideIn(home).filter((name) => name !== 'old.exe');
      return [
        ...outsides
          .filter(({ path, before }) => fingerprint(path).join() !== before.join())
          .map(({ path }) => `${path} was touched`),
        ...filesHolding(home, MARKER).map((path) => `${path} holds what lies outside`),
        ...withoutReason(home, aside),
        ...misplacedIn(home, stage, aside, null),
        ...heldUpIn(home, stage),
      ];
    },
    remove: async () => {
      await server.close();
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
};
