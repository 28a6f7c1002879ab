/** Whether the programs of an agent's tasks can be run in a sandbox here. */
import type { Variables } from '../../config/environment.ts';
import { findBubblewrap } from '../../executor/bubblewrap/find-bubblewrap.ts';

/** Why not, with the cure; undefined: they can. `folder`: where they would work. */
export const unconfinable = async (environment: Variables, folder: string): Promise<string | undefined> => {
  const found = await findBubblewrap(environment['PATH'], [folder]);
  return 'why' in found ? `${found.why}. ${found.cure}` : undefined;
};
