/** Power cuts on a disk that loses what was not flushed, while agents work in worktrees. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { census } from '../../test/support/census/census.ts';
import { seeded } from '../../test/support/seeded.ts';
import { until } from '../../test/support/until.ts';
import { type Kept, LosingMount, type OnDisk } from './losing-mount.ts';
import { Repository } from './repository.ts';

export interface WorktreeSeries {
  kind: OnDisk;
  kept: Kept;
  cuts: number;
  /** Tasks completed before a cut, at least and at most. */
  between: readonly [least: number, most: number];
  seed: number;
  /** The bin/run.js of another build. */
  program?: string;
}

export interface WorktreesFound {
  added: number;
  completed: number;
  applied: number;
  /** Writes that the disk had not flushed when the power went, and how many of them got to the medium. */
  unflushed: number;
  faults: string[];
}

export const cutWorktrees = async (series: WorktreeSeries): Promise<WorktreesFound> => {
  const random = seeded(series.seed);
  const outside = mkdtempSync(join(tmpdir(), 'koubou-outside-'));
  const disk = await LosingMount.make(series.kind);
  const found: WorktreesFound = { added: 0, completed: 0, applied: 0, unflushed: 0, faults: [] };
  let repository: Repository | undefined;
  try {
    repository = await Repository.make(disk.folder, outside, series.program);
    const { promised } = repository;
    for (let cut = 0; cut < series.cuts && found.faults.length === 0; cut += 1) {
      const before = promised.completed.size;
      const more = series.between[0] + Math.floor(random() * (series.between[1] - series.between[0]));
      const traffic = repository.traffic(random);
      await until(() => promised.completed.size - before >= more, 'the traffic', 120_000);
      const { waited } = await disk.cutPower(series.kept, Math.floor(random() * 2 ** 31));
      found.unflushed += waited;
      await repository.stop();
      await traffic;
      await killAllOn(disk.folder);
      await disk.unmount();
      await disk.mount();
      found.faults.push(...(await judge(repository)).map((fault) => `cut ${cut}: ${fault}`));
    }
    found.added = promised.added.size;
    found.completed = promised.completed.size;
    found.applied = promised.applied.size;
    return found;
  } finally {
    await repository?.stop();
    await killAllOn(disk.folder);
    disk.removeNow();
    rmSync(outside, { recursive: true, force: true });
  }
};

/** As a power cut does: agents and what they started live on when their daemon is killed. */
export const killAllOn = async (folder: string): Promise<void> => {
  const within = (): number[] =>
    readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });
  await until(() => {
    const left = within();
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It is gone.
      }
    }
    return left.length === 0;
  }, 'the end of all processes on the disk');
};

const judge = async (repository: Repository): Promise<string[]> => {
  const faults: string[] = [];
  const { home, promised } = repository;
  const drain = await repository.koubouAnew('work', '--drain', '--json');
  if (drain.code !== 0) faults.push(`the drain ended with ${drain.code}: ${drain.stdout}${drain.stderr}`);
  if (promised.cutShort !== null) faults.push(...(await again(repository, promised.cutShort)));
  const retried = 'unknown';
  const { tasks, faults: broken } = census(home, { acknowledged: [...promised.added], retried });
  faults.push(...broken);
  for (const [id, { state }] of tasks) {
    if (state !== 'completed') {
      const why = promised.completed.has(id) ? ', and was completed' : '';
      faults.push(`${id} is ${state}${why}: ${(await repository.koubou('logs', id)).stdout.slice(-300)}`);
    }
    if (promised.discarded.has(id)) continue;
    if (!promised.applied.has(id) && repository.committed(id) !== repository.content(id))
      faults.push(`the branch of ${id} has not what it made`);
  }
  return [...faults, ...(await takeOver(repository, [...tasks.keys()]))];
};

/** What a person types who saw no end of it. */
const again = async (repository: Repository, [verb = '', id = '']: string[]): Promise<string[]> => {
  const { promised } = repository;
  promised.cutShort = null;
  const { code, stdout, stderr } = await repository.koubou(verb, id);
  if (code === 0 && verb === 'apply') promised.applied.add(id);
  if (code === 0 || (verb === 'discard' && GONE.test(stderr))) return [];
  return [`koubou ${verb} ${id}, typed again, ends with ${code}: ${stdout}${stderr}`];
};

/** It was discarded before the cut. */
const GONE = /has no worktree|was discarded|already/;
/** So many are applied after each cut. */
const TAKEN = 6;

/** What was applied is applied once more: it ends well, and the files are there. */
const takeOver = async (repository: Repository, ids: readonly string[]): Promise<string[]> => {
  const { promised } = repository;
  const faults: string[] = [];
  const open = ids.filter((id) => !promised.discarded.has(id));
  const before = open.filter((id) => promised.applied.has(id)).slice(-TAKEN);
  const others = open.filter((id) => !promised.applied.has(id)).slice(-TAKEN);
  for (const id of [...before, ...others]) {
    const { code, stdout, stderr } = await repository.koubou('apply', id);
    if (code !== 0) faults.push(`koubou apply ${id} ends with ${code}: ${stdout}${stderr}`);
    else if (repository.applied(id) !== repository.content(id))
      faults.push(`${id} is applied, and its file is not there`);
    else promised.applied.add(id);
  }
  for (const id of others.slice(0, 2)) {
    const { code, stdout, stderr } = await repository.koubou('discard', id);
    promised.discarded.add(id);
    if (code !== 0) faults.push(`koubou discard ${id} ends with ${code}: ${stdout}${stderr}`);
  }
  return faults;
};
