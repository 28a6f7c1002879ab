/** A home in the lower layer of an overlay file system, as in an image that was committed while a worker lived. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskRecord } from '../../src/task/record.ts';
import { newTask } from '../../test/support/builders.ts';
import { census } from '../../test/support/census/census.ts';
import { Daemons } from '../../test/support/koubou/daemon.ts';
import { Mounted, run } from '../../test/support/mounts.ts';
import { until } from '../../test/support/until.ts';

export interface Layered {
  /** Whether a drain ended in time, with all done. */
  drained: boolean;
  records: TaskRecord[];
  faults: string[];
}

/** Tasks in the hands of a daemon that was killed, and its folders, lie in the lower layer. */
export const workOnOverlay = async (program?: string): Promise<Layered> => {
  const disk = Mounted.make('tmpfs', { megabytes: 256 });
  const [lower = '', upper = '', work = ''] = ['lower', 'upper', 'work'].map((name) =>
    join(disk.folder, name),
  );
  for (const folder of [lower, upper, work]) mkdirSync(folder);
  let layered = false;
  try {
    const daemons = await Daemons.make('', lower);
    try {
      const dead = await daemons.start(['--workers', '2']);
      const shell = (name: string) =>
        daemons.shell(`test -e ${disk.folder}/go && exit; touch ${disk.folder}/${name}; exec sleep 3600`);
      const ids = [await shell('one'), await shell('two')];
      const begun = () => ['one', 'two'].every((name) => existsSync(join(disk.folder, name)));
      await until(begun, 'the start of the tasks');
      dead.kill('SIGKILL');
      await dead.ended;
      mkdirSync(join(disk.folder, 'go'));
      const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},redirect_dir=off`;
      run('mount', '-t', 'overlay', '-o', options, 'overlay', lower);
      layered = true;
      // The folder of the home is another one now.
      const queue = daemons.home.open();
      const drain = await daemons.launch(['--drain'], program === undefined ? {} : { program });
      const drained = await until(() => drain.gone(), 'the end of the drain', 10_000).catch(() => false);
      const task = newTask({ cwd: daemons.home.home, type: 'command', prompt: '', command: ['true'] });
      if (drain.gone()) ids.push(...(await queue.add([task])).map(({ id }) => id));
      if (drained) await daemons.koubou(['work', '--drain']);
      const records = (await Promise.all(ids.map((id) => queue.get(id)))).filter(
        (record) => record !== undefined,
      );
      const { faults } = census(daemons.home.home, { acknowledged: ids });
      return { drained, records, faults };
    } finally {
      await daemons.remove();
    }
  } finally {
    // This process holds folders of the home.
    if (layered) run('umount', '-l', lower);
    disk.remove();
  }
};
