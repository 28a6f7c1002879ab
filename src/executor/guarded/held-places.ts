/** What stays as it is in a folder that a program of a model's making may write to: one list for both sandboxes. */
import { realpath } from 'node:fs/promises';
import { whyConfig, whyKept, whyKeys } from '../kept.ts';
import { missingSubmodules } from '../repositories/missing-submodules.ts';
import type { Below } from '../repositories/nested-repositories.ts';
import { obeyedPlaces } from './obeyed-places.ts';
import { ownPrograms, packagesAround } from './own-programs.ts';
import { filesNamed } from './placed-programs.ts';
import { type LinkedConfigs, waysToKeys } from './secret-places.ts';
import { sharedPackages } from './shared-packages.ts';

export interface Holding {
  /** The folder that may be written to, and the one in it in which the program works. Real. */
  top: string;
  cwd: string;
  /** Of its git folder, which is held by itself. */
  git: readonly string[];
  below: Below;
  /** Names of programs that are started for the user. */
  bins: readonly string[];
  /** Words of configs that may name programs: wordsOf, wordsInHomes. */
  words: readonly string[];
  path: string | undefined;
  /** What the config lets the program write to. */
  writable?: readonly string[];
  /** Places of keys that variables name. */
  keys?: readonly string[];
  /** Where links of koubou's homes lead: linkedConfigs. */
  configs: LinkedConfigs;
}

export interface Held {
  kept: string[];
  /** Links on the way to it, over which nothing can be mounted: they are watched. */
  links: string[];
  /** Folders on it that must not be moved. */
  pinned: string[];
  /** Why no program may work there; undefined: it may. */
  why: string | undefined;
}

/** Logs and histories that programs are told to write; scripts have other names. */
const isRecord = (path: string): boolean => /\.(?:log|jsonl|md|txt|history)$/.test(path);

/** Throws KoubouError `not_allowed` where not all can be held. */
export const heldPlaces = async (holding: Holding): Promise<Held> => {
  const { top, cwd, git, below, bins, words, path, configs, writable = [], keys = [] } = holding;
  const placed = filesNamed(words, [top, cwd]).filter((path) => !writable.includes(path) && !isRecord(path));
  const repositories = [...git, ...below.guarded];
  const obeyed = obeyedPlaces(below.settings, top, { cwd, repositories });
  const kept = [
    ...below.guarded,
    ...(await missingSubmodules(top, below.guarded)),
    ...(await ownPrograms(top, { bins: [...bins, ...placed], path })),
    ...obeyed.kept,
    ...(await sharedPackages(below.packages)),
  ];
  const near = await Promise.all([...git, ...kept].map((each) => realpath(each).catch(() => each)));
  const around = [...near, ...(await packagesAround(cwd, placed))];
  const why =
    whyKept(cwd, around, obeyed.around) ?? whyConfig(cwd, top, configs) ?? whyKeys(top, waysToKeys(keys));
  return { kept, links: obeyed.links, pinned: obeyed.pinned, why };
};
