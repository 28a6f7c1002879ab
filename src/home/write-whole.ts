/** Writes a file so that nobody ever sees a part of it, also after a power cut. */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';

/** Where nothing lies yet; false where something does: it stays as it is. */
export const writeFirst = (path: string, content: Uint8Array | string): boolean =>
  withDraft(path, content, (draft) => {
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  });

/** In the place of what lies there. */
export const writeOver = (path: string, content: Uint8Array | string): void =>
  withDraft(path, content, (draft) => renameSync(draft, path));

const withDraft = <T>(path: string, content: Uint8Array | string, publish: (draft: string) => T): T => {
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const published = publish(draft);
    syncFolder(dirname(path));
    return published;
  } finally {
    rmSync(draft, { force: true });
  }
};

const syncFolder = (path: string): void => {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};
