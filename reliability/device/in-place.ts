/** Power cuts on a disk that loses what was not flushed, when agents have done their tasks in the folder of a person. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import { repositoryFaults } from '../../test/support/census/git.ts';
import { seeded } from '../../test/support/seeded.ts';
import { type Kept, LosingMount, type OnDisk } from './losing-mount.ts';
import { Repository } from './repository.ts';
import { killAllOn } from './worktrees.ts';

export interface InPlaceSeries {
  kind: OnDisk;
  kept: Kept;
  cuts: number;
  /** Done before each cut. */
  tasks: number;
  seed: number;
  /** The bin/run.js of another build. */
  program?: string;
}

/** The power goes when the last of them has completed: what an agent is about then, its own git may lose. */
export const cutInPlace = async (series: InPlaceSeries): Promise<{ completed: number; faults: string[] }> => {
  const random = seeded(series.seed);
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const disk = await LosingMount.make(series.kind);
  const faults: string[] = [];
  const ids: string[] = [];
  let repository: Repository | undefined;
  try {
    repository = await Repository.make(disk.folder, outside, series.program);
    for (let cut = 0; cut < series.cuts && faults.length === 0; cut += 1) {
      for (let nth = 0; nth < series.tasks; nth += 1) ids.push(await repository.add('Make the file.'));
      const { code, stdout, stderr } = await repository.koubou('work', '--drain');
      if (code !== 0) throw new Error(`the drain ended with ${code}: ${stdout}${stderr}`);
      const head = repository.git('rev-parse', 'HEAD');
      await disk.cutPower(series.kept, Math.floor(random() * 2 ** 31));
      await repository.stop();
      await killAllOn(disk.folder);
      await disk.unmount();
      await disk.mount();
      const found = [...(await judge(repository, ids)), ...repositoryFaults(repository.folder)];
      if (headOf(repository) !== head) found.push('the branch is not where it was');
      faults.push(...found.map((fault) => `cut ${cut}: ${fault}`));
    }
    return { completed: ids.length, faults };
  } finally {
    await repository?.stop();
    await killAllOn(disk.folder);
    disk.removeNow();
    rmSync(outside, { recursive: true, force: true });
  }
};

const headOf = (repository: Repository): string => {
  try {
    return repository.git('rev-parse', 'HEAD');
  } catch (error) {
    return String(error);
  }
};

const judge = async (repository: Repository, ids: readonly string[]): Promise<string[]> => {
  const undone = undoneOf(repository, ids);
  await repository.sweptAnew();
  return [...undone, ...census(repository.home, { acknowledged: ids }).faults];
};

/** As it is found, before anybody works there again. */
const undoneOf = (repository: Repository, ids: readonly string[]): string[] => {
  const torn = ids.filter((id) => repository.applied(id) !== repository.content(id));
  const { tasks } = census(repository.home, { acknowledged: ids });
  const undone = [...tasks].filter(([, { state }]) => state !== 'completed');
  return [
    ...torn.map((id) => `what ${id} made is not there`),
    ...undone.map(([id, { state }]) => `${id} is ${state}, and was completed`),
  ];
};
