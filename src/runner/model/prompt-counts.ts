/**
 * What a server's count of the tokens of a prompt must be for the prompt to have been read whole. Some count only what they
 * had not cached (Ollama 0.30: https://github.com/ollama/ollama/pull/16428), and tokenizers differ; so what honest
 * counts of one model were is remembered in a file, which may be lost at any time.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { writeOver } from '../../process/write-whole.ts';
import { leastOf, leastTokens, type Script } from '../../task/tokens.ts';

/** Of the lowest estimate: texts are not all alike. */
const SURE = 0.9;
/**
 * Nor is a model's factor higher than this, whatever it counted: of Latin letters, code in an old tokenizer has one and a
 * half times the least, and prose in a new one just the least (measured: test/runner/prompt-counts.test.ts).
 */
const MOST: Readonly<Record<Script, number>> = {
  latin: 1,
  letters: 1,
  signs: 1.1,
  han: 2,
  hangul: 3,
  thai: 1,
};
/** A prompt of which more than a third is missing is found. */
const KEPT = 2 / 3;
const RATIOS_NEEDED = 5;
const RATIOS_KEPT = 20;
/** Letters; prompts are compared by the hashes of their beginnings. */
const STEP = 256;
const HASHES_KEPT = 2048;
const PROMPTS_KEPT = 4;
const MODELS_KEPT = 16;

const Known = z.object({
  /** Counts of whole prompts by their lowest estimate, the newest last, for each script. */
  ratios: z.record(z.string(), z.array(z.number())),
  /** Whether it counts a prompt whole of which it had read the beginning before; null: nobody knows yet. */
  countsWhole: z.nullable(z.boolean()),
  /** For each of the last prompts the hashes of its beginnings, STEP letters apart. */
  prompts: z.array(z.array(z.number())),
});
type Known = z.infer<typeof Known>;
const AllKnown = z.record(z.string(), Known);

export interface CountBound {
  /** Fewer tokens than these mean that the prompt was cut. */
  tokens: number;
  /** Whether that allows for what the server may have had from an earlier prompt. */
  allowsForCache: boolean;
}

export class PromptCounts {
  readonly #file: string | null;
  /** Of this process; what other processes learned is in the file. */
  #known = new Map<string, Known>();

  constructor(file: string | null = null) {
    this.#file = file;
  }

  bound(model: string, prompt: string): CountBound {
    this.#load();
    const known = this.#known.get(model);
    const least = leastOf(prompt);
    const whole = least.tokens * factorOf(known, least.script);
    const shared =
      known === undefined || known.countsWhole === true ? 0 : sharedWith(known, hashesOf(prompt));
    if (shared === 0) return { tokens: Math.floor(whole), allowsForCache: false };
    return { tokens: Math.floor(leastTokens(prompt.slice(shared)) * SURE), allowsForCache: true };
  }

  /** Whether a count that is not too small could be that of half the prompt: nothing is known of the model, and it has room. */
  inDoubt(model: string, prompt: string, counted: number): boolean {
    this.#load();
    const { script, densest } = leastOf(prompt);
    return ratiosOf(this.#known.get(model), script).length < RATIOS_NEEDED && 2 * counted <= densest;
  }

  /** To be told how many tokens the model surely makes of a prompt: as much as honest counts of several prompts tell. */
  learnRatio(model: string, prompt: string, whole: number): void {
    this.#load();
    const { tokens: least, script } = leastOf(prompt);
    if (least === 0) return;
    const known = this.#knownOf(model);
    const ratios = Array.from({ length: RATIOS_NEEDED }, () => whole / least);
    known.ratios[script] = [...(known.ratios[script] ?? []), ...ratios].slice(-RATIOS_KEPT);
    this.#save();
  }

  /** To be told what was counted, whatever came of it. */
  learn(model: string, prompt: string, counted: number | null): void {
    this.#load();
    take(this.#knownOf(model), prompt, counted);
    this.#save();
  }

  /** What is known of it, which is then the newest. */
  #knownOf(model: string): Known {
    const known = this.#known.get(model) ?? { ratios: {}, countsWhole: null, prompts: [] };
    this.#known.delete(model);
    this.#known.set(model, known);
    return known;
  }

  #load(): void {
    if (this.#file === null) return;
    try {
      const read = z.safeParse(AllKnown, JSON.parse(readFileSync(this.#file, 'utf8')));
      if (read.success) this.#known = new Map(Object.entries(read.data));
    } catch {
      // None yet, or damaged: what this process knows does.
    }
  }

  #save(): void {
    if (this.#file === null) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      const kept = JSON.stringify(Object.fromEntries([...this.#known].slice(-MODELS_KEPT)));
      writeOver(this.#file, kept, { durable: false });
    } catch {
      // A full disk costs only what would have been learned.
    }
  }
}

const take = (known: Known, prompt: string, counted: number | null): void => {
  const hashes = hashesOf(prompt);
  const hadBefore = sharedWith(known, hashes) > 0;
  known.prompts = [...known.prompts, hashes].slice(-PROMPTS_KEPT);
  const { tokens: least, script } = leastOf(prompt);
  if (counted === null || counted <= 0 || least === 0) return;
  if (counted < least * SURE) {
    if (hadBefore) known.countsWhole = false;
    return;
  }
  if (hadBefore && hashes.length > 1) known.countsWhole ??= true;
  known.ratios[script] = [...(known.ratios[script] ?? []), counted / least].slice(-RATIOS_KEPT);
};

const ratiosOf = (known: Known | undefined, script: Script): readonly number[] => known?.ratios[script] ?? [];

const factorOf = (known: Known | undefined, script: Script): number => {
  const ratios = ratiosOf(known, script);
  if (ratios.length < RATIOS_NEEDED) return SURE;
  return Math.min(MOST[script], Math.max(SURE, KEPT * Math.min(...ratios)));
};

/** FNV-1a over each beginning. */
const hashesOf = (text: string): number[] => {
  const hashes: number[] = [];
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length && hashes.length < HASHES_KEPT; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    if ((at + 1) % STEP === 0) hashes.push(hash);
  }
  return hashes;
};

/** Letters that the text has in common with the beginning of a prompt before it, at least. */
const sharedWith = ({ prompts }: Known, hashes: readonly number[]): number =>
  STEP *
  Math.max(
    0,
    ...prompts.map((before) => {
      const differs = hashes.findIndex((hash, at) => hash !== before[at]);
      return differs === -1 ? hashes.length : differs;
    }),
  );
