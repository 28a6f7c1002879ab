/** No result is written over a program that a config names by its place: a runner would start it, outside of every sandbox. */
import { isAbsolute } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { KoubouError } from '../../errors.ts';
import { packageOf } from '../../executor/guarded/own-programs.ts';
import { decidesProgram, placedInHomes, placedPrograms } from '../../executor/guarded/placed-programs.ts';
import { meets } from '../../names/led-to.ts';
import { action, field, say } from '../../say/say.ts';

/** With the packages that they belong to, and the links on the way to them. */
export const keptPrograms = async (config: Config, homes: readonly string[]): Promise<string[]> => {
  const named = [...placedPrograms(config.runners), ...(await placedInHomes(homes))].filter(isAbsolute);
  return [...new Set(named.flatMap(decidesProgram))].map((path) => packageOf(path) ?? path);
};

/** `places`: where results would go, real. `homes`: the user's other ones. Throws `usage`. */
export const refusePrograms = async (
  places: readonly string[],
  { config, homes }: { config: Config; homes: readonly string[] },
): Promise<void> => {
  const kept = await keptPrograms(config, homes);
  for (const place of places) {
    const program = kept.find((path) => meets(place, path));
    if (program === undefined) continue;
    throw new KoubouError(
      'usage',
      say`${field('output', place)} is not written: a config has ${program} run as a program. Nothing was added.`,
      { hint: say`Name another file; without ${field('output')}, ${action('result')} prints the result.` },
    );
  }
};
