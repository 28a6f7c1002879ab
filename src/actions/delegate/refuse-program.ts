/** No result is written over a program that a config names by its place: a runner would start it, outside of every sandbox. */
import type { Config } from '../../config/schema.ts';
import { KoubouError } from '../../errors.ts';
import { PROGRAM_BOUNDS, packageOf } from '../../executor/guarded/own-programs.ts';
import { filesNamed, mayBeNamed, wordsInHomes, wordsOf } from '../../executor/guarded/placed-programs.ts';
import { ledTo, Ways } from '../../names/led-to.ts';
import { action, field, say } from '../../say/say.ts';
import { isWithin } from '../../text/is-within.ts';

/** The program that a change at a place would change: its file, the package that it belongs to, or a link on the way to it. */
export const programAt = async (
  config: Config,
  homes: readonly string[],
): Promise<(place: string) => string | undefined> => {
  const words = [...wordsOf(config.runners), ...(await wordsInHomes(homes))];
  const known = filesNamed(words, []).map((program) => {
    const found = ledTo([program], PROGRAM_BOUNDS);
    const packages = found.ends.map(({ path }) => packageOf(path) ?? path);
    return { program, ways: new Ways(found), packages };
  });
  return (place) =>
    known.find(({ ways, packages }) => ways.decides(place) || packages.some((path) => isWithin(place, path)))
      ?.program ?? (mayBeNamed(words, place) ? place : undefined);
};

/** `places`: where results would go, real. `homes`: the user's other ones. Throws `usage`. */
export const refusePrograms = async (
  places: readonly string[],
  { config, homes }: { config: Config; homes: readonly string[] },
): Promise<void> => {
  const found = await programAt(config, homes);
  for (const place of places) {
    const program = found(place);
    if (program === undefined) continue;
    throw new KoubouError(
      'usage',
      say`${field('output', place)} is not written: a config has ${program} run as a program. Nothing was added.`,
      { hint: say`Name another file; without ${field('output')}, ${action('result')} prints the result.` },
    );
  }
};
