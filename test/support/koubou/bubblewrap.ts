/** A bubblewrap for tests, on a PATH of their own: with it and without it, whatever the system has. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const FOLDERS = (): string[] => (process.env['PATH'] ?? '').split(':').filter((path) => path.startsWith('/'));

const fetched = join(root, 'test', 'security', 'node_modules', 'bubblewrap', 'usr', 'bin', 'bwrap');
const ofCodex = join(root, 'test', 'real', 'agents', 'node_modules', '@openai');

/** Codex brings one, too. */
const bundled = (): string[] =>
  existsSync(ofCodex)
    ? readdirSync(ofCodex, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('codex-resources/bwrap'))
        .map((name) => join(ofCodex, name))
    : [];

const runs = (program: string): boolean => {
  try {
    const args = ['--ro-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--dev', '/dev', 'true'];
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

let found: string | null | undefined;

/** The program, or null: there is none that works here. KOUBOU_TEST_BWRAP names one. */
export const bubblewrap = (): string | null => {
  const named = process.env['KOUBOU_TEST_BWRAP'];
  const candidates = [...(named ? [named] : []), ...FOLDERS().map((path) => join(path, 'bwrap')), fetched];
  found ??= [...candidates, ...bundled()].find((path) => existsSync(path) && runs(path)) ?? null;
  return found;
};

/** To be called in a suite: without one it is skipped, and its title says why. */
export const needBubblewrap = (): void => {
  before(function () {
    if (bubblewrap() !== null || this.test?.parent === undefined) return;
    this.test.parent.title += ': skipped, no bubblewrap works here (test/security/install)';
    this.skip();
  });
};

/** This PATH with it in front. `folder` is made. */
export const pathWith = (folder: string): string => {
  mkdirSync(folder, { recursive: true });
  const program = bubblewrap();
  if (program !== null) symlinkSync(realpathSync(program), join(folder, 'bwrap'));
  return [folder, ...FOLDERS()].join(':');
};

/** This PATH without it: a folder with links to all else, which is made. */
export const pathWithout = (folder: string): string => {
  mkdirSync(folder, { recursive: true });
  const known = new Set(['bwrap']);
  for (const each of FOLDERS()) {
    for (const name of existsSync(each) ? readdirSync(each) : []) {
      if (known.has(name)) continue;
      known.add(name);
      symlinkSync(join(each, name), join(folder, name));
    }
  }
  return folder;
};
