/**
 * Learns what each kind of evidence weighs (src/privacy/evidence/weights.ts) from the tables of test/text and from ordinary
 * files: `node bench/secret-weights.ts FOLDER…`. With `--check` it writes nothing, and prints what would come of each lot
 * at first sight: it is held out, and learned from the others.
 *
 * Logistic regression. Of a text with a secret, the candidate that looks most like one counts; of one without, each.
 */
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evidenceIn, lengthPoints } from '../src/privacy/evidence/find.ts';
import { KINDS } from '../src/privacy/evidence/kinds.ts';
import { GROUPS } from '../src/privacy/evidence/shapes.ts';
import { findKey } from '../src/privacy/key-formats.ts';
import { normalText, withoutEscapes } from '../src/privacy/normal-text.ts';
import { findNamedSecret } from '../src/privacy/values/secret-families.ts';
import { seeded } from '../test/support/seeded.ts';
import { LOTS, madeWith } from '../test/text/secret-tables.ts';

interface Candidate {
  group: number;
  evidence: readonly number[];
  /** What the length of its text counts. */
  offset: number;
}
/** By kind and group; a kind's weight is its own and that of the group together. */
interface Weights {
  bias: Float64Array;
  own: Float64Array;
  within: Float64Array;
}
interface Examples {
  secrets: readonly (readonly Candidate[])[];
  others: readonly Candidate[];
  ordinary: readonly Candidate[];
}

const GROUP_COUNT = GROUPS.length;
const ROUNDS = 6;
const EPOCHS = 12;
const RATE = 0.25;
/** How hard a weight is drawn to what is expected of it. */
const OWN_PULL = 0.02;
const WITHIN_PULL = 0.08;
/** Ordinary files are many and alike. */
const ORDINARY_WEIGHT = 0.4;
const SCALE = 10;
const WORDS = ['password', 'secret', 'api_key', 'private_key', 'token'];

const SPEAKS_FOR =
  /^(?:password|phrase|pin|code|key|secret|user|enter|wifi|spare|once|sent|changed|broken|lock|device|open|place|file|admin) /;
const SPEAKS_AGAINST = /^(?:numbered|unit|policy|other) /;

/** What is expected of a kind before anything is learned. */
const expected = Float64Array.from(KINDS, (kind) => {
  const isFar = / earlier$| after$/.test(kind);
  if (/^pair|^column (?:pass|pin|phrase|code)|^login option/.test(kind)) return 1;
  if (SPEAKS_AGAINST.test(kind)) return isFar ? -0.5 : -1.2;
  if (
    !SPEAKS_FOR.test(kind) ||
    /^(?:changed|broken|place|file|admin|device|enter|open) (?:earlier|after)/.test(kind)
  )
    return 0;
  return (/^(?:password|pin|phrase)/.test(kind) ? 1.2 : 0.7) * (isFar ? 0.4 : 1);
});

const read = (written: string): Candidate[] => {
  const text = withoutEscapes(normalText(written));
  const offset = lengthPoints(text.length) / SCALE;
  return [...evidenceIn(text)].map(({ candidate, evidence }) => ({
    group: candidate.group,
    evidence,
    offset,
  }));
};

const score = ({ bias, own, within }: Weights, { group, evidence, offset }: Candidate): number =>
  evidence.reduce(
    (sum, kind) => sum + (own[kind] ?? 0) + (within[kind * GROUP_COUNT + group] ?? 0),
    (bias[group] ?? 0) + offset,
  );

const likeliest = (weights: Weights, candidates: readonly Candidate[]): Candidate | undefined =>
  candidates.toSorted((one, other) => score(weights, other) - score(weights, one))[0];

const nothing = (): Weights => ({
  bias: new Float64Array(GROUP_COUNT),
  own: new Float64Array(KINDS.length),
  within: new Float64Array(KINDS.length * GROUP_COUNT),
});

/** Enough to choose the likeliest candidate of a text by. */
const first = (): Weights => ({
  ...nothing(),
  bias: Float64Array.from(GROUPS, (group) => ({ strong: 0, code: -2, random: -2 })[group as 'strong'] ?? -3),
  own: expected.map((weight, kind) => weight + (/^(?:pair|quoted)/.test(KINDS[kind] ?? '') ? 0.7 : 0)),
});

const learn = ({ secrets, others, ordinary }: Examples): Weights => {
  const random = seeded(1);
  let weights = first();
  for (let round = 0; round < ROUNDS; round += 1) {
    const examples: [Candidate, isSecret: number, weight: number][] = [
      ...secrets.flatMap((each): [Candidate, number, number][] => {
        const one = likeliest(weights, each);
        return one === undefined ? [] : [[one, 1, 1]];
      }),
      ...others.map((each): [Candidate, number, number] => [each, 0, 1]),
      ...ordinary.map((each): [Candidate, number, number] => [each, 0, ORDINARY_WEIGHT]),
    ];
    weights = fit(examples, random);
  }
  return weights;
};

/** Adaptive gradient descent, in a new order each time. */
const fit = (examples: [Candidate, number, number][], random: () => number): Weights => {
  const weights = nothing();
  const seen = nothing();
  const step = (part: keyof Weights, at: number, gradient: number): void => {
    seen[part][at] = (seen[part][at] ?? 0) + gradient ** 2;
    weights[part][at] =
      (weights[part][at] ?? 0) - (RATE * gradient) / Math.sqrt((seen[part][at] ?? 0) + 0.01);
  };
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    for (let at = examples.length - 1; at > 0; at -= 1) {
      const other = Math.floor(random() * (at + 1));
      [examples[at], examples[other]] = [examples[other] as never, examples[at] as never];
    }
    for (const [candidate, isSecret, weight] of examples) {
      const { group, evidence } = candidate;
      const error = (1 / (1 + Math.exp(-score(weights, candidate))) - isSecret) * weight;
      step('bias', group, error);
      for (const kind of evidence) {
        step('own', kind, error + OWN_PULL * ((weights.own[kind] ?? 0) - (expected[kind] ?? 0)));
        const place = kind * GROUP_COUNT + group;
        step('within', place, error + WITHIN_PULL * (weights.within[place] ?? 0));
      }
    }
  }
  return weights;
};

/** What looks most like a secret in ordinary files, as far as it was learned until then. */
const readOrdinary = async (
  folders: readonly string[],
  examples: Omit<Examples, 'ordinary'>,
): Promise<Candidate[]> => {
  const random = seeded(2);
  const found: Candidate[] = [];
  const files = folders
    .flatMap((folder) =>
      globSync('**/*.{ts,js,md,py,h,txt,json,yaml,yml,rst,html,sh,conf,rb,go,xml,c,toml,ini}', {
        cwd: folder,
      }).map((file) => join(folder, file)),
    )
    .filter((file) => statSync(file).isFile() && statSync(file).size < 200_000)
    .map((file) => ({ file, place: random() }))
    .toSorted((one, other) => one.place - other.place)
    .slice(0, FILES);
  for (let from = 0; from < files.length; from += FILES / STAGES) {
    const weights = learn({ ...examples, ordinary: found });
    for (const { file } of files.slice(from, from + FILES / STAGES)) {
      const text = readFileSync(file, 'utf8').slice(0, 20_000);
      if ((await findKey(text)) !== undefined || findNamedSecret(text, WORDS) !== undefined) continue;
      const all = read(text).map((candidate) => ({ candidate, points: score(weights, candidate) }));
      all.sort((one, other) => other.points - one.points);
      const near = all.filter(({ points }) => points > -2.5).slice(0, 5);
      const rest = all.slice(near.length);
      const some =
        rest.length === 0
          ? []
          : [0, 1].map(() => rest[Math.floor(random() * rest.length)] as (typeof all)[0]);
      found.push(...[...near, ...some].map(({ candidate }) => candidate));
    }
  }
  return found;
};
const FILES = 3600;
const STAGES = 3;

const rows = (weights: Weights): string[] =>
  [undefined, ...KINDS].map((name, at) => {
    const kind = at - 1;
    const points = GROUPS.map((_, group) =>
      name === undefined
        ? (weights.bias[group] ?? 0)
        : (weights.own[kind] ?? 0) + (weights.within[kind * GROUP_COUNT + group] ?? 0),
    );
    return `${name ?? 'any'}: ${points.map((each) => Math.round(each * SCALE)).join(' ')}`;
  });

const written = (weights: Weights): string => `/**
 * What each kind of evidence weighs for a candidate of each group, in tenths: ${GROUPS.join(', ')}.
 * Learned by bench/secret-weights.ts, and not changed by hand.
 */

export const WEIGHTS = \`
${rows(weights)
  .map((row, at, all) => row + (at === all.length - 1 ? '' : at % 3 === 2 ? '\n' : '; '))
  .join('')}
\`;
`;

const args = process.argv.slice(2);
const tables = [madeWith(), ...LOTS].map(({ SECRETS, LOOK_ALIKES }) => ({
  secrets: SECRETS.map(read),
  others: LOOK_ALIKES.map(read),
}));
const together = (some: typeof tables): Omit<Examples, 'ordinary'> => ({
  secrets: some.flatMap(({ secrets }) => secrets),
  others: some.flatMap(({ others }) => others.flat()),
});
const ordinary = await readOrdinary(
  args.filter((arg) => !arg.startsWith('--')),
  together(tables),
);
if (args.includes('--check')) {
  for (const [at, { secrets, others }] of tables.entries()) {
    const weights = learn({ ...together(tables.filter((each) => each !== tables[at])), ordinary });
    const taken = (texts: readonly (readonly Candidate[])[]): number =>
      texts.filter((each) => each.some((candidate) => score(weights, candidate) >= 0)).length;
    process.stdout.write(
      `${at === 0 ? 'tables' : `lot ${at}`}: ${taken(secrets)} of ${secrets.length}, ${taken(others)} of ${others.length}\n`,
    );
  }
} else {
  writeFileSync(
    join(import.meta.dirname, '../src/privacy/evidence/weights.ts'),
    written(learn({ ...together(tables), ordinary })),
  );
}
