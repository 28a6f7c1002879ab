/**
 * The state folder of every koubou that tests start, and of their own queues: the user's is not touched. Processes that a
 * test starts with its environment share it.
 */
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const state = join(stateHome, 'koubou');

/** Makes a home, or the copy of one, this test's own; answers with what its tasks are sealed with. */
export const sign = (home: string): Seal => {
  unsignHome(home);
  signHome(home, state);
  return sealOf(home);
};

/** That of a home that was signed, or of a copy of it: whether it lies where it was signed is not looked at. */
export const sealOf = (home: string, folder = state): Seal => {
  const { id } = JSON.parse(readFileSync(join(home, 'home.json'), 'utf8')) as { id: string };
  return makeSeal(readKey(folder) ?? new Uint8Array(), id, folder);
};

/** Of a home that lies on no disk. */
export const someSeal: Seal = makeSeal(new Uint8Array(32), 'test', state);

/** Signs the copy of a home whose tasks carry `before`, and gives them its own seal; keys stay linked to them. */
export const signAnew = (home: string, before = someSeal): Seal => {
  const seal = sign(home);
  for (const name of readdirSync(join(home, 'tasks'), { recursive: true, encoding: 'utf8' })) {
    const path = join(home, 'tasks', name);
    if (!name.endsWith('.json') || !lstatSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    if (!before.isSealed(bytes)) continue;
    const { mac: _, ...task } = JSON.parse(bytes.toString('utf8')) as { mac: string };
    writeFileSync(path, seal.seal(JSON.stringify(task)));
  }
  return seal;
};
