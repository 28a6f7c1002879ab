/** Folders kept in memory, to be laid out as often as wanted; and what lies in one, to see that nothing touched it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join, relative } from 'node:path';

export interface Entry {
  /** Relative to the root. */
  path: string;
  mode: number;
  /** null: a folder. */
  bytes: Buffer | null;
  /** The path of an earlier entry that this is another link to. */
  linkTo: string | null;
}

/** Every file and folder under `root`, parents first. */
export const entriesOf = (root: string): Entry[] => {
  const entries: Entry[] = [];
  const first = new Map<number, string>();
  const walk = (folder: string): void => {
    for (const name of fs.readdirSync(folder).sort()) {
      const full = join(folder, name);
      const path = relative(root, full);
      const { ino, mode, nlink } = fs.lstatSync(full);
      if (fs.lstatSync(full).isDirectory()) {
        entries.push({ path, mode, bytes: null, linkTo: null });
        walk(full);
        continue;
      }
      entries.push({ path, mode, bytes: fs.readFileSync(full), linkTo: first.get(ino) ?? null });
      if (nlink > 1 && !first.has(ino)) first.set(ino, path);
    }
  };
  walk(root);
  return entries;
};

export interface Owner {
  uid: number;
  gid: number;
}

export const layOut = (entries: readonly Entry[], root: string, owner: Owner | null): void => {
  fs.mkdirSync(root, { recursive: true, mode: 0o700 });
  if (owner !== null) fs.chownSync(root, owner.uid, owner.gid);
  for (const { path, mode, bytes, linkTo } of entries) {
    const full = join(root, path);
    if (bytes === null) fs.mkdirSync(full, { mode: mode & 0o777 });
    else if (linkTo !== null) fs.linkSync(join(root, linkTo), full);
    else fs.writeFileSync(full, bytes, { mode: mode & 0o777 });
    if (owner !== null) fs.lchownSync(full, owner.uid, owner.gid);
  }
};

/** Gives all that lies there to somebody. */
export const ownAll = (root: string, { uid, gid }: Owner): void => {
  const walk = (path: Buffer): void => {
    fs.lchownSync(path, uid, gid);
    if (!fs.lstatSync(path).isDirectory()) return;
    for (const name of fs.readdirSync(path, { encoding: 'buffer' })) {
      walk(Buffer.concat([path, Buffer.from('/'), name]));
    }
  };
  walk(Buffer.from(root));
};

/** What lies there, in words that change when anything of it does. */
export const fingerprint = (root: string): string[] => {
  const lines: string[] = [];
  const walk = (path: string): void => {
    const { mode, ino, uid, size, mtimeMs } = fs.lstatSync(path);
    const kind = fs.lstatSync(path);
    const content =
      kind.isFile() && size < 1e6 ? createHash('sha256').update(fs.readFileSync(path)).digest('hex') : '';
    lines.push([relative(root, path), mode, ino, uid, size, mtimeMs, content].join(' '));
    if (kind.isDirectory()) for (const name of fs.readdirSync(path).sort()) walk(join(path, name));
  };
  walk(root);
  return lines;
};

/** Files under `root` in which `marker` stands; nothing is followed or opened that is not a file. */
export const filesHolding = (root: string, marker: string): string[] => {
  const found: string[] = [];
  const walk = (folder: Buffer): void => {
    for (const name of fs.readdirSync(folder, { encoding: 'buffer' })) {
      const full = Buffer.concat([folder, Buffer.from('/'), name]);
      const facts = fs.lstatSync(full);
      if (facts.isDirectory()) walk(full);
      else if (facts.isFile() && facts.size < 64e6 && fs.readFileSync(full).includes(marker))
        found.push(full.toString());
    }
  };
  walk(Buffer.from(root));
  return found;
};
