/** What runs leave besides their outcomes: read as streams from wherever the backend keeps it. */

/** `refused`: the rejected answer of a task that was handed back; `output` then explains the rejection (worker/attempt/hand-back.ts). */
export type ArtifactKind = 'output' | 'refused' | 'log' | 'patch';

/** Of a run that goes on, as much as its worker has let others see; that may be nothing. */
export interface Artifact {
  run: number;
  /** As long as it is now. */
  bytes: number;
  /** Where a person finds it; null where it is no file on this machine. Not to be opened: `read` is for that. */
  path: string | null;
}

export interface ByteRange {
  /** The first byte; 0 where it is not said. */
  from?: number;
  /** The first byte that is left out. */
  to?: number;
}

export interface Artifacts {
  /** That of one run; `run` null: of the last run that has one. */
  find(id: string, run: number | null, kind: ArtifactKind): Promise<Artifact | undefined>;
  /** Its bytes; nothing where there is none. Of one that grows, up to the end that it has when that is reached. */
  read(id: string, run: number, kind: ArtifactKind, range?: ByteRange): AsyncIterable<Uint8Array>;
}

/**
 * Files of a run on its worker's own disk. When the run is claimed its folder is there, and they are missing or empty. What
 * `settle` finds in them are the artifacts of the run; that of a dead worker's run are what can be found of them. What becomes
 * of the files then is the backend's affair.
 */
export interface Scratch extends Readonly<Record<`${ArtifactKind}Path`, string>> {
  /** A folder, for what a later run on this machine goes on from. */
  readonly statePath: string;
  /** The folder of the task: the same for all its runs on this machine. */
  readonly taskFolder: string;
}
