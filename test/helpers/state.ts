/**
 * The state folder of every koubou that tests start, and of their own queues: the user's is not touched. Processes that a
 * test starts with its environment share it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readKey } from '../../src/home/key.ts';
import { makeSeal, type Seal } from '../../src/home/seal.ts';
import { signHome, unsignHome } from '../../src/home/signature.ts';

const PREFIX = 'koubou-test-state-';

/** XDG_STATE_HOME */
export const stateHome = ((): string => {
  const given = process.env['XDG_STATE_HOME'];
  if (given !== undefined && basename(given).startsWith(PREFIX)) return given;
  const made = mkdtempSync(join(tmpdir(), PREFIX));
  process.env['XDG_STATE_HOME'] = made;
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
})();

export const state = join(stateHome, 'koubou');

/** Makes a home, or the copy of one, this test's own; answers with what its tasks are sealed with. */
export const sign = (home: string): Seal => {
  unsignHome(home);
  signHome(home, state);
  return sealOf(home);
};

/** That of a home that was signed, or of a copy of it: whether it lies where it was signed is not looked at. */
export const sealOf = (home: string): Seal => {
  const { id } = JSON.parse(readFileSync(join(home, 'home.json'), 'utf8')) as { id: string };
  return makeSeal(readKey(state) ?? new Uint8Array(), id);
};

/** Of a home that lies on no disk. */
export const someSeal: Seal = makeSeal(new Uint8Array(32), 'test');
