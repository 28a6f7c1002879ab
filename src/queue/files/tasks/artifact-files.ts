/** Artifacts of runs as files of the home: a worker here writes them where they stay. */

import { systemCode } from '../../../errors.ts';
import { piecesOf } from '../../../names/own-file.ts';
import { isTaskId } from '../../../task/id.ts';
import type { Artifact, ArtifactKind, Artifacts, ByteRange, Scratch } from '../../artifacts.ts';
import type { QueueContext } from '../layout/context.ts';
import { hasResults, locate, outcomeRuns } from '../layout/locate.ts';
import type { Layout } from '../layout/names.ts';

export const scratchOf = (layout: Layout, id: string, run: number): Scratch => ({
  outputPath: layout.artifact(id, run, 'output'),
  refusedPath: layout.artifact(id, run, 'refused'),
  logPath: layout.artifact(id, run, 'log'),
  patchPath: layout.artifact(id, run, 'patch'),
  statePath: layout.artifact(id, run, 'state'),
  taskFolder: layout.resultFolder(id),
});

export class ArtifactFiles implements Artifacts {
  readonly #context: QueueContext;

  constructor(context: QueueContext) {
    this.#context = context;
  }

  async find(id: string, run: number | null, kind: ArtifactKind): Promise<Artifact | undefined> {
    const { disk, layout } = this.#context;
    for (const each of await this.#runs(id, run)) {
      const path = layout.artifact(id, each, kind);
      const facts = await disk.facts(path);
      if (facts?.kind === 'file') return { run: each, bytes: facts.size, path };
    }
    return undefined;
  }

  async *read(id: string, run: number, kind: ArtifactKind, range?: ByteRange): AsyncGenerator<Uint8Array> {
    if ((await this.#runs(id, run)).length === 0) return;
    try {
      yield* piecesOf(this.#context.layout.artifact(id, run, kind), range);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Newest first. Those that there were, not every number up to the last: a name can say any. */
  async #runs(id: string, run: number | null): Promise<number[]> {
    if (!isTaskId(id) || !(await hasResults(this.#context, id))) return [];
    if (run !== null) return [run];
    const place = await locate(this.#context, id);
    return [...(await outcomeRuns(this.#context, id)), place?.run ?? 0].sort((a, b) => b - a);
  }
}
