/** koubou itself: its own queue for adding, `koubou work` for working. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signHome } from '../../../src/home/signature.ts';
import { createFileHome, openQueue } from '../../../src/queue/open.ts';
import { sealOf } from '../../../test/support/state.ts';
import { commandTask } from '../../measure.ts';
import type { Driver, Job, Place } from '../driver.ts';
import { jobProgram } from './programs.ts';

const homeOf = ({ folder }: Place): string => join(folder, 'koubou');
const KOUBOU = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const BLOCK = fileURLToPath(new URL('../block-loop.mjs', import.meta.url));

/** A job's program cannot block the daemon's loop; a file that it makes asks the daemon to block itself. */
const programOf = (job: Job, place: Place): string[] => {
  const [shell = '', flag = '', script = ''] = jobProgram(job, place);
  return [shell, flag, job.blocks ? `touch ${place.folder}/block-loop; ${script}` : script];
};

const stateOf = (place: Place): string => join(place.folder, 'state', 'koubou');

const makeHome = async (place: Place): Promise<void> => {
  await createFileHome(homeOf(place), { allowNetworkFs: false });
  signHome(homeOf(place), stateOf(place));
};

export const koubou: Driver = {
  async setUp(place) {
    if (!existsSync(homeOf(place))) await makeHome(place);
  },
  open: (place) => {
    const queue = openQueue({ home: homeOf(place), seal: sealOf(homeOf(place), stateOf(place)) });
    return Promise.resolve(async (job) => {
      const command = programOf(job, place);
      await queue.add([commandTask({ command, key: job.id, labels: { id: job.id }, cwd: '/' })]);
    });
  },
  work: (place) => {
    const daemon = spawn(
      process.execPath,
      [KOUBOU, 'work', '--min', '1', '--max', '1', '--home', homeOf(place)],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          ...process.env,
          XDG_STATE_HOME: dirname(stateOf(place)),
          NODE_OPTIONS: `--import ${BLOCK}`,
          BLOCK_LOOP: `${place.folder}/block-loop`,
        },
      },
    );
    process.send?.({ pid: daemon.pid });
    return new Promise((resolve) => daemon.once('exit', () => resolve()));
  },
  async ids(place) {
    const queue = openQueue({ home: homeOf(place), seal: sealOf(homeOf(place), stateOf(place)) });
    const records = await queue.list({});
    await queue.close();
    return records.map(({ labels }) => labels['id'] ?? '');
  },
  async result(place, id) {
    const queue = openQueue({ home: homeOf(place), seal: sealOf(homeOf(place), stateOf(place)) });
    const [record] = await queue.list({ labels: { id }, states: ['completed'] });
    await queue.close();
    return record?.result?.output?.trim() ?? null;
  },
};
