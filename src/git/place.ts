/** Where a git runs, what it is given, and how it ended. */

export interface GitPlace {
  /** Absolute: where git runs. */
  folder: string;
  /** Absolute: the git folder of the work tree that `folder` is the top of; absent: git looks for the one around it. */
  gitFolder?: string;
  /** In place of the repository's own git folder. */
  own?: OwnGit;
  /** The whole environment of git, already reduced; its PATH finds the program. */
  environment: Readonly<Record<string, string>>;
  /** Ends a running git. */
  signal?: AbortSignal | undefined;
  /**
   * Absolute: a folder in which git begins, and moves to `folder` from there. Without it none starts, also where this process was
   * stopped after its last look: the kernel looks for it in the child. Nothing in it is used.
   */
  leaseFolder?: string | undefined;
}

/** A git folder that koubou made. Absolute paths. */
export interface OwnGit {
  path: string;
  /** The top of the work tree. */
  top: string;
  /** Where new objects go, and where else objects are read. */
  objects: { written: string; read: string };
}

export interface GitOptions {
  /** Variables of git's own, as GIT_INDEX_FILE. */
  variables?: Readonly<Record<string, string>>;
  input?: Uint8Array | string;
  /** The descriptor of an open file, to which goes what git prints. By its name, something else could lie there by now. */
  printsTo?: number;
  /** It goes on when this process is killed or interrupted: it must not stop half way. */
  alone?: boolean;
}

export interface GitEnd {
  /** null: it was stopped, or there is no git. */
  code: number | null;
  stdout: Buffer;
  stderr: string;
}
