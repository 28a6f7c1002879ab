/** Whether programs can be confined with bubblewrap here: found by trying it, once for each version that is installed. */
import { stat } from 'node:fs/promises';
import { askProgram } from '../../process/programs/ask-program.ts';
import { findOwn } from '../../process/programs/own-path.ts';
import { bubblewrapArguments, filter } from './bubblewrap.ts';
import { HeldPlaces } from './held-places.ts';

export type Found = { program: string } | { why: string; cure: string };

const LIMIT_MS = 3000;
const tried = new Map<string, Promise<Found>>();

/** `path`: the worker's PATH; `avoided`: folders whose programs a model may have written. Takes 3 s at most. */
export const findBubblewrap = async (
  path: string | undefined,
  avoided: readonly string[] = [],
): Promise<Found> => {
  if (process.platform !== 'linux') return { why: 'bubblewrap is for Linux', cure: NOWHERE_ELSE };
  const program = await findSystemBubblewrap(path, avoided);
  if (program === undefined) return { why: 'there is no bwrap on the PATH', cure: INSTALL };
  const stamp = `${program} ${(await stat(program)).mtimeMs}`;
  const trial = tried.get(stamp) ?? tryOut(program);
  tried.set(stamp, trial);
  const found = await trial;
  // What failed may work once somebody mended it.
  if ('why' in found) tried.delete(stamp);
  return found;
};

/** Undefined: there is none, or only in folders that a model may write to. */
export const findSystemBubblewrap = async (
  path: string | undefined,
  avoided: readonly string[] = [],
): Promise<string | undefined> => (await findOwn('bwrap', { path, inside: avoided }))?.program;

const INSTALL = 'Install bubblewrap (apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap).';
const NOWHERE_ELSE = 'Run koubou on Linux, or in a container or virtual machine that may be harmed.';
const ALLOW =
  'Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu sysctl kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile for bwrap.';

const NOTHING_HELD = new HeldPlaces({ byDescriptor: false });

/** With all that a run may ask of it. */
const tryOut = async (program: string): Promise<Found> => {
  const nothing = {
    writable: [],
    protected: [],
    folders: [],
    scratch: [],
    hidden: ['/root'],
    readable: [],
  };
  const args = await bubblewrapArguments({ ...nothing, network: 'none' }, '/', NOTHING_HELD);
  try {
    const { exitCode, stderr } = await askProgram(program, [...args, '--', 'true'], {
      cwd: '/',
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      limitMs: LIMIT_MS,
      gives: filter(),
    });
    if (exitCode === 0) return { program };
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return { why: `${program} does not work here${said === '' ? '' : `: ${said}`}`, cure: ALLOW };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { why: `${program} cannot be tried: ${said}`, cure: INSTALL };
  }
};
