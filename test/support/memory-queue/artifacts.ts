/** Artifacts as bytes in memory; of a run that goes on here, what lies in its scratch by now. */
import { piecesOf } from '../../../src/names/own-file.ts';
import type { Artifact, ArtifactKind, Artifacts, ByteRange } from '../../../src/queue/queue.ts';
import { scratchOf, sizeOf } from './scratch.ts';
import type { Entry, Store } from './store.ts';

export class MemoryArtifacts implements Artifacts {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async find(id: string, run: number | null, kind: ArtifactKind): Promise<Artifact | undefined> {
    const entry = this.#store.entries.get(id);
    if (entry === undefined) return undefined;
    const runs = run === null ? Array.from({ length: entry.run }, (_, nth) => entry.run - nth) : [run];
    for (const each of runs) {
      const bytes = this.#isInHand(entry, each)
        ? sizeOf(this.#pathOf(id, each, kind))
        : entry.artifacts.get(each)?.get(kind)?.length;
      if (bytes !== undefined) return { run: each, bytes, path: null };
    }
    return undefined;
  }

  async *read(id: string, run: number, kind: ArtifactKind, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const entry = this.#store.entries.get(id);
    if (entry === undefined) return;
    if (this.#isInHand(entry, run)) {
      const path = this.#pathOf(id, run, kind);
      if (sizeOf(path) !== undefined) yield* piecesOf(path, range);
      return;
    }
    const bytes = entry.artifacts.get(run)?.get(kind)?.subarray(range?.from, range?.to);
    if (bytes !== undefined && bytes.length > 0) yield bytes;
  }

  #isInHand({ state, run }: Entry, asked: number): boolean {
    return state === 'in_progress' && run === asked;
  }

  #pathOf(id: string, run: number, kind: ArtifactKind): string {
    return scratchOf(this.#store, id, run)[`${kind}Path`];
  }
}
