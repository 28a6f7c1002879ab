/** What befalls the daemons and their machine, one after the other. */
import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, Daemons, Launched } from '../../test/support/koubou/daemon.ts';
import { startKoubou } from '../../test/support/koubou/koubou.ts';
import type { Mounted } from '../../test/support/mounts.ts';
import type { ScriptedServer } from '../../test/support/servers/scripted-server.ts';

export interface Ground {
  daemons: Daemons;
  /** Never killed. */
  standing: readonly Daemon[];
  /** Killed, and others put in their place. */
  victims: Launched[];
  launch: () => Promise<Launched>;
  server: ScriptedServer;
  /** null: it cannot be filled up here. */
  disk: Mounted | null;
  /** The file that the daemons' clock is set by; null: it cannot be set here. */
  clock: string | null;
  random: () => number;
  /** Resolves after a time of a fault's own length, in seconds, or when the soak ends. */
  pause: (seconds: number) => Promise<void>;
}

type Act = (ground: Ground) => Promise<void>;

const replace = async (
  { victims, launch }: Ground,
  signal: 'SIGKILL' | 'SIGTERM',
  count: number,
): Promise<void> => {
  for (const victim of victims.splice(0, count)) {
    victim.kill(signal);
    await victim.ended;
    victims.push(await launch());
  }
};

const pick = <T>(items: readonly T[], random: () => number): T | undefined =>
  items[Math.floor(random() * items.length)];

const GARBAGE: readonly (readonly [name: string, content: string | Uint8Array])[] = [
  ['half.json', '{"type": "general", "pro'],
  ['empty.json', ''],
  ['zeros.json', new Uint8Array(4096)],
  ['list.json', '[[1, 2], 3]'],
  ['prompt.txt', 'Say hello.'],
  ['program.yaml', 'type: command\ncommand: ["touch", "/never"]\n'],
  ['torn.md', '---\ntype: [\n---\nSay hello.'],
  ['latin.txt', Uint8Array.from([0xe9, 0x74, 0xe9, 0xff, 0x0a])],
  ['core', new Uint8Array([0x7f, 0x45, 0x4c, 0x46])],
];

/** Its name in the report, and what is done. */
export const FAULTS: Readonly<Record<string, Act>> = {
  'kill -9 of a daemon': (ground) => replace(ground, 'SIGKILL', 1),
  'kill -9 of two at once': (ground) => replace(ground, 'SIGKILL', 2),
  'two SIGTERM': async (ground) => {
    ground.victims[0]?.kill('SIGTERM');
    await ground.pause(0.3);
    await replace(ground, 'SIGTERM', 1);
  },
  'SIGSTOP, SIGCONT': async ({ standing, victims, random, pause }) => {
    const stopped = pick([...standing, ...victims], random);
    stopped?.kill('SIGSTOP');
    await pause(1 + 4 * random());
    stopped?.kill('SIGCONT');
  },
  'kill -9 of a caller': async ({ daemons, random, pause }) => {
    const words = ['delegate', '--type', 'command', '--', 'true'];
    const { child, ended } = await startKoubou(words, { home: daemons.home.home });
    await pause(0.05 + 0.15 * random());
    child.kill('SIGKILL');
    await ended;
  },
  'model server away': async ({ server, random, pause }) => {
    await server.kill();
    await pause(1 + 3 * random());
    await server.restart();
  },
  'rubbish dropped in': async ({ daemons, random }) => {
    const [name, content] = pick(GARBAGE, random) ?? ['none.txt', ''];
    const unique = `${Math.floor(random() * 1e9)}-${name}`;
    try {
      writeFileSync(join(daemons.home.home, 'tasks', 'pending', unique), content);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  },
  'disk full': async ({ disk, random, pause }) => {
    if (disk === null) return;
    const { blocks, bavail, bsize } = statfsSync(disk.folder);
    const used = (blocks - bavail) * bsize;
    disk.remount(`size=${Math.ceil(used / 1024) + 64}k`);
    await pause(1 + 2 * random());
    disk.remount(`size=${Math.ceil((blocks * bsize) / 1024)}k`);
  },
  'clock set': async ({ clock, random, pause }) => {
    if (clock === null) return;
    writeFileSync(clock, pick(['+1h', '-1d', '+10y'], random) ?? '+1h');
    await pause(1 + 3 * random());
    writeFileSync(clock, '+0');
  },
};

export const possible = ({ disk, clock }: Pick<Ground, 'disk' | 'clock'>): string[] =>
  Object.keys(FAULTS).filter(
    (name) => (name !== 'disk full' || disk !== null) && (name !== 'clock set' || clock !== null),
  );
