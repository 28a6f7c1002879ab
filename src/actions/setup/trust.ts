/** Makes a home this user's own, once a person has seen what it would have koubou do. */

import { isDeepStrictEqual } from 'node:util';
import { type HomeSummary, summaryOf } from '../../app/home-summary.ts';
import { homeToSign } from '../../app/open-home.ts';
import { type OpenQueue, refuseAmidRuns } from '../../app/refuse-amid-runs.ts';
import { cacheFile } from '../../config/cache.ts';
import type { Variables } from '../../config/environment.ts';
import { stateFolder } from '../../config/paths.ts';
import { KoubouError } from '../../errors.ts';
import { closeHome } from '../../home/closed.ts';
import type { Seal } from '../../home/seal.ts';
import { signHome, trustOf, unsignHome } from '../../home/signature.ts';
import { removeTree } from '../../names/remove-tree.ts';
import type { Unsealed } from '../../queue/queue.ts';
import { action, say } from '../../say/say.ts';
import { oneLine } from '../../text/harmless.ts';
import type { TrustDocument } from '../documents/home.ts';
import { shownTask } from '../tasks/shown-task.ts';

export interface TrustRequest {
  /** --home */
  home?: string | undefined;
  environment: Variables;
  cwd: string;
  /** Also take the tasks that carry no seal of the home. */
  tasks: boolean;
  openQueue: OpenQueue;
  /** Makes what is missing of the queue's folders. */
  makeHome: (home: string, options: { allowNetworkFs: boolean }) => Promise<unknown>;
  /** Shows it to a person; true: yes. Throws where nobody can be asked. */
  confirm: (shown: TrustShown) => Promise<boolean>;
}

export interface TrustShown extends HomeSummary {
  home: string;
  /** What is wrong with the home as it is, a clause with it as the subject; null: it is this user's own. */
  why: string | null;
  tasks: UnsealedTask[];
}

interface UnsealedTask {
  task_id: string;
  state: Unsealed['state'];
  /** What it would run or ask, in a line. */
  does: string;
}

/**
 * Throws `untrusted_home` for a home of another user, `not_allowed` where an agent asks, `conflict` where the key of this user
 * cannot be kept. undefined: the answer was no, and nothing was done.
 */
export const trustHome = async (request: TrustRequest): Promise<TrustDocument | undefined> => {
  const { environment, openQueue } = request;
  const home = homeToSign(request);
  const state = stateFolder(environment);
  const before = trustOf(home, state);
  const unsealed = (await openQueue({ home, seal: sealIn(before) }).inbox?.unsealed()) ?? [];
  const done = { home, signed: false, tasks_sealed: 0, tasks_left: unsealed.length };
  if (before.trusted && (unsealed.length === 0 || !request.tasks)) return done;
  if (!before.trusted) await refuseAmidRuns(home, { environment, openQueue });
  // What is sealed is what was shown.
  const tasks = unsealed.map((found) => ({ ...found, ...shownTask(found.task, home) }));
  const summary = await summaryOf(home);
  const shown = {
    home,
    why: before.trusted ? null : before.why,
    ...summary,
    tasks: tasks.map(({ task, state: where, does }) => ({
      task_id: task.task_id,
      state: where,
      does: oneLine(does),
    })),
  };
  if (!(await request.confirm(shown))) return undefined;
  if (!before.trusted) {
    // The home is there already: where it lies was its owner's choice.
    await request.makeHome(home, { allowNetworkFs: true });
    closeHome(home);
    await requireAsShown(home, summary);
    unsignHome(home);
    // It would hold in the place of the config that was shown.
    await removeTree(cacheFile(home));
    signHome(home, state);
  }
  const seal = sealIn(trustOf(home, state));
  const sealed = request.tasks ? ((await openQueue({ home, seal }).inbox?.seal(tasks)) ?? 0) : 0;
  return {
    ...done,
    signed: !before.trusted,
    tasks_sealed: sealed,
    tasks_left: unsealed.length - sealed,
  };
};

/** Until it was closed, others may have written there. */
const requireAsShown = async (home: string, shown: HomeSummary): Promise<void> => {
  if (isDeepStrictEqual(await summaryOf(home), shown)) return;
  throw new KoubouError('conflict', `${home} has changed since it was shown; it was not signed.`, {
    hint: say`Run ${action('trust')} again, and look at what is shown then.`,
  });
};

const sealIn = (trust: ReturnType<typeof trustOf>): Seal | undefined =>
  trust.trusted ? trust.seal : undefined;
