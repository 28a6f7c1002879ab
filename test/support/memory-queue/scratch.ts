/** The files of runs on this machine, and how they become artifacts: bytes that the queue keeps. */
import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactKind, Scratch } from '../../../src/queue/queue.ts';
import type { Entry, Store } from './store.ts';

const KINDS: readonly ArtifactKind[] = ['output', 'refused', 'log', 'patch'];

export const scratchOf = (store: Store, id: string, run: number): Scratch => {
  const folder = join(store.folder, id);
  const at = (kind: string): string => join(folder, `${kind}.${run}`);
  return {
    outputPath: at('output'),
    refusedPath: at('refused'),
    logPath: at('log'),
    patchPath: at('patch'),
    statePath: at('state'),
    taskFolder: folder,
  };
};

/** Takes what its run left, and leaves nothing of it but what a later run goes on from. */
export const takeArtifacts = (store: Store, { task, run, artifacts }: Entry): void => {
  const scratch = scratchOf(store, task.task_id, run);
  const taken = new Map<ArtifactKind, Buffer>();
  for (const kind of KINDS) {
    const path = scratch[`${kind}Path`];
    if (sizeOf(path) !== undefined) taken.set(kind, readFileSync(path));
    rmSync(path, { recursive: true, force: true });
  }
  artifacts.set(run, taken);
};

/** undefined: no file lies there. */
export const sizeOf = (path: string): number | undefined => {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return facts?.isFile() ? facts.size : undefined;
};
