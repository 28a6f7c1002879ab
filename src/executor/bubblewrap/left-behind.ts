/** What a program in a sandbox left where the user's own programs would follow it: judged when it has ended. */
import type { Confinement } from '../executor.ts';
import { setAsideRepositories } from '../repositories/nested-repositories.ts';
import { type Judged, Remains } from './remains.ts';

/** To be called once, when nothing runs in there any more. */
export const judgeLeft = async ({ folders }: Pick<Confinement, 'folders'>): Promise<Judged> => {
  const remains = new Remains();
  const { notes, broken } = await setAsideRepositories(folders, remains);
  const [first, ...more] = [remains.error, broken].filter((each) => each !== undefined);
  return {
    notes: [...notes, ...more.map(({ message }) => message)],
    ...(first === undefined ? {} : { broken: first }),
  };
};
