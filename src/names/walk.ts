/**
 * Where a name leads: the walk that the kernel would take, seen step by step, so that it can be kept and compared. Links
 * are followed, but not one that another user put into a folder that others may write to.
 */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';

export interface Walk {
  /** Absolute and without a link in it. What is missing of it stands as it was written. */
  end: string;
  /** Of what lies there; undefined: nothing does. */
  facts: Stats | undefined;
  /** The links that were followed, in order. */
  links: readonly { path: string; target: string }[];
}

/** A name leads nowhere, or to where it may not lead. The message is a reason, to stand behind a colon. */
export class NameRefused extends Error {
  override readonly name = 'NameRefused';
}

/** What lies there is a folder, a pipe, a device. */
export class NotAFile extends NameRefused {}

/** As many as Linux follows. */
const MOST_LINKS = 40;
const MOST_STEPS = 10_000;
const WRITTEN_BY_OTHERS = 0o022;

/** Of parts of paths that may still be looked at: links may have a thousand parts each. Below 0: it did not suffice. */
export interface StepBudget {
  steps: number;
}

/** `path` is absolute. Throws NameRefused, also where the budget does not suffice. Nothing is opened. */
export const walk = (path: string, budget: StepBudget = { steps: MOST_STEPS }): Walk => {
  const links: { path: string; target: string }[] = [];
  const waiting = partsOf(path);
  let at = '/';
  let facts = factsOf(at);
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    budget.steps -= 1;
    if (budget.steps < 0) throw new NameRefused('the links on its way have too many parts');
    if (facts !== undefined && !facts.isDirectory()) throw new NameRefused('a part of its path is a file');
    if (part === '..') {
      at = dirname(at);
      facts = factsOf(at);
      continue;
    }
    const next = join(at, part);
    const found = factsOf(next);
    if (found?.isSymbolicLink() !== true) {
      at = next;
      facts = found;
      continue;
    }
    if (links.length === MOST_LINKS) throw new NameRefused(`${next} is a link that leads to itself`);
    refuseOthersLink(next, found, facts);
    const target = targetOf(next);
    links.push({ path: next, target });
    waiting.push(...partsOf(target));
    if (!target.startsWith('/')) continue;
    at = '/';
    facts = factsOf(at);
  }
  return { end: at, facts, links };
};

/** The last one first. */
const partsOf = (path: string): string[] =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse();

// As protected_symlinks of the kernel has it for /tmp, which a walk of our own does not meet, and for each folder like it.
const refuseOthersLink = (path: string, link: Stats, folder: Stats | undefined): void => {
  if (folder === undefined || (folder.mode & WRITTEN_BY_OTHERS) === 0) return;
  if ([process.geteuid?.(), 0, folder.uid].includes(link.uid)) return;
  throw new NameRefused(`${path} is a link of another user in a folder that others may write to`);
};

const targetOf = (path: string): string => {
  const bytes = readlinkSync(path, { encoding: 'buffer' });
  const text = bytes.toString('utf8');
  if (text !== '' && Buffer.from(text).equals(bytes)) return text;
  throw new NameRefused(`${path} is a link to a name that is not UTF-8`);
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of its path is a file',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'a part of its path is a link that leads to itself',
};

const factsOf = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const reason = REASONS[systemCode(cause) ?? ''];
    throw reason === undefined ? cause : new NameRefused(reason, { cause });
  }
};

/** The first link on the way to a path that had none. Throws NameRefused. */
export const linkIn = (place: string): Walk['links'][number] | undefined => walk(place).links[0];

/** A link that was put there, or led elsewhere, since `path` led to `place`; undefined: it still leads there. */
export const whatChanged = (path: string, place: string): string | undefined => {
  const now = walk(path);
  // The place itself holds no link: one that is in it now is what somebody put there.
  const moved = linkIn(place);
  if (moved !== undefined) return `${moved.path} has become a link, to ${moved.target}`;
  if (now.end === place) return undefined;
  const last = now.links.at(-1);
  const how = last === undefined ? 'the link on its way is gone' : `${last.path} leads to ${last.target} now`;
  return `it led to ${place} before, and ${how}`;
};
