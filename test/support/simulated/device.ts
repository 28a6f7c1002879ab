/**
 * What of a simulated file system's changes is on the device, and what a power loss leaves.
 *
 * A file's data is on the device after an fsync of the file; data that is not may be there, be cut off anywhere, or be
 * there as zeros. A name is on the device after an fsync of its folder. Each call is one change: a rename is there
 * whole or not at all. What is not synced survives in any selection in which no change lacks one that it stands on: an
 * earlier change of the same name, or the one that put the folder there. This is weaker than the journals of ext4 and
 * xfs, which keep all changes in order: their prefixes are among the selections.
 *
 * After some losses of power, as btrfs may do it, a file that was renamed is there under its old name as well, unless the
 * folder of that was fsynced since.
 */

export interface Inode {
  readonly number: number;
  readonly bornMs: number;
  modifiedMs: number;
  /** Null for a folder. */
  file: { data: Buffer; onDevice: number } | null;
  /** Of a folder: what processes see, and what is on the device. */
  readonly seen: Map<string, Inode>;
  readonly stored: Map<string, Inode>;
  /** Of a file: how many names it has. */
  links: number;
  /** Changes in this folder that are not on the device, and the last one of each name. */
  readonly changes: Set<Change>;
  readonly lastOf: Map<string, Change>;
  /** The change that put this folder where it is, while that is not on the device. */
  placed: Change | undefined;
}

export interface Edit {
  folder: Inode;
  name: string;
  inode: Inode | null;
}

export interface Change {
  readonly edits: readonly Edit[];
  readonly needs: readonly Change[];
  onDevice: boolean;
}

/** A name that a file on the device has left by a rename. */
export interface LeftName {
  readonly change: Change;
  readonly folder: Inode;
  readonly name: string;
}

export class Device {
  readonly #waiting = new Set<Change>();
  readonly #left = new Set<LeftName>();

  /** Notes a change that processes see from now on. `emptied`: a folder that had to be empty for it. */
  note(edits: readonly Edit[], emptied?: Inode): void {
    const needs: Change[] = [...(emptied?.changes ?? [])];
    for (const { folder, name } of edits) {
      const last = folder.lastOf.get(name);
      if (last !== undefined) needs.push(last);
      if (folder.placed !== undefined) needs.push(folder.placed);
    }
    const change: Change = { edits, needs, onDevice: false };
    for (const { folder, name, inode } of edits) {
      folder.changes.add(change);
      folder.lastOf.set(name, change);
      if (inode !== null && inode.file === null) inode.placed = change;
    }
    this.#waiting.add(change);
  }

  /** Puts a change on the device, with all that it stands on. */
  store(change: Change): void {
    if (change.onDevice) return;
    change.onDevice = true;
    for (const needed of change.needs) this.store(needed);
    const [from, to] = change.edits;
    if (from !== undefined && to?.inode?.file) {
      this.#left.add({ change, folder: from.folder, name: from.name });
    }
    this.#waiting.delete(change);
    for (const { folder, name, inode } of change.edits) {
      if (inode === null) folder.stored.delete(name);
      else folder.stored.set(name, inode);
      this.#forget(change, { folder, name, inode });
    }
  }

  #forget(change: Change, { folder, name, inode }: Edit): void {
    folder.changes.delete(change);
    if (folder.lastOf.get(name) === change) folder.lastOf.delete(name);
    if (inode?.placed === change) inode.placed = undefined;
  }

  /** Names that files have left in this folder, as far as the device knows of it. */
  leftIn(folder: Inode): LeftName[] {
    return [...this.#left].filter((left) => left.folder === folder);
  }

  /** An fsync of `folder` that stored `changes`: nothing of them, nor of `left`, is there under its old name any more. */
  forgetLeft(folder: Inode, left: readonly LeftName[], changes: readonly Change[]): void {
    for (const known of left) this.#left.delete(known);
    for (const known of this.leftIn(folder)) if (changes.includes(known.change)) this.#left.delete(known);
  }

  #showOldNames(random: () => number): void {
    const shows = random() < 0.3;
    for (const { change, folder, name } of this.#left) {
      const [, to] = change.edits;
      const inode = to?.folder.stored.get(to.name);
      const isThere = inode !== undefined && inode === to?.inode;
      if (shows && isThere && !folder.stored.has(name) && random() < 0.5) folder.stored.set(name, inode);
    }
    this.#left.clear();
  }

  /** Leaves of all that was not synced what `random` says, in the tree below `root`. */
  losePower(root: Inode, random: () => number): void {
    const survives = selection(random, this.#waiting.size);
    for (const change of this.#waiting) {
      if (survives() && change.needs.every((needed) => needed.onDevice)) this.store(change);
    }
    for (const change of this.#waiting) for (const edit of change.edits) this.#forget(change, edit);
    this.#waiting.clear();
    this.#showOldNames(random);
    const known = new Set<Inode>();
    const bring = (inode: Inode): void => {
      inode.links += 1;
      if (known.has(inode)) return;
      known.add(inode);
      inode.links = 1;
      if (inode.file !== null) tear(inode.file, random);
      inode.seen.clear();
      for (const [name, child] of inode.stored) {
        inode.seen.set(name, child);
        bring(child);
      }
    };
    bring(root);
  }
}

/** Whether each change survives, in their order: none, all, up to some moment, or one by one. */
const selection = (random: () => number, changes: number): (() => boolean) => {
  const way = random();
  if (way < 0.25) return () => false;
  if (way < 0.35) return () => true;
  if (way < 0.6) {
    let left = Math.floor(random() * (changes + 1));
    return () => {
      left -= 1;
      return left >= 0;
    };
  }
  const share = random();
  return () => random() < share;
};

const tear = (file: { data: Buffer; onDevice: number }, random: () => number): void => {
  if (file.onDevice < file.data.length) {
    const way = random();
    const kept = Buffer.from(file.data);
    if (way < 0.3) kept.fill(0, file.onDevice);
    const length =
      way < 0.6
        ? kept.length
        : way < 0.8
          ? file.onDevice
          : file.onDevice + Math.floor(random() * (kept.length - file.onDevice));
    file.data = kept.subarray(0, length);
  }
  file.onDevice = file.data.length;
};
