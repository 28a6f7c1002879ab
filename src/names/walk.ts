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
interface StepBudget {
  steps: number;
}

/** How far a name leads, and all that decides it. */
export interface Way extends Walk {
  /** Folders that `..` left again: were one a link, the way would lead elsewhere. */
  passed: readonly string[];
  /** Why it ends before its last part; what lies at `end` then decides it as well. */
  stopped: NameRefused | undefined;
  /** Nobody knows where it leads: by no text, or by too many parts. */
  isUnknown: boolean;
}

interface Looking {
  budget: StepBudget;
  look: (path: string) => Stats | undefined;
  /** Programs follow links of other users, too. */
  followsOthers: boolean;
}

/** An error of the system that has no reason in words here. */
class Unforeseen extends NameRefused {}

/** `path` is absolute. Throws NameRefused where it leads nowhere, or nobody can say where, or the system's error. Nothing is opened. */
export const walk = (path: string): Walk => {
  const looking = { budget: { steps: MOST_STEPS }, look: factsOf, followsOthers: false };
  const { end, facts, links, stopped } = follow(path, looking);
  if (stopped !== undefined) throw stopped instanceof Unforeseen ? stopped.cause : stopped;
  return { end, facts, links };
};

/** The same without an error for what leads nowhere. */
export const follow = (path: string, { budget, look, followsOthers }: Looking): Way => {
  const links: { path: string; target: string }[] = [];
  const passed: string[] = [];
  const waiting = partsOf(path);
  let at = '/';
  let facts = look(at);
  const stop = (reason: NameRefused, isUnknown = false): Way => ({
    end: at,
    facts,
    links,
    passed,
    stopped: reason,
    isUnknown,
  });
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    budget.steps -= 1;
    if (budget.steps < 0) return stop(new NameRefused('the links on its way have too many parts'), true);
    if (facts !== undefined && !facts.isDirectory())
      return stop(new NameRefused('a part of its path is a file'));
    const folder = { at, facts };
    try {
      if (part === '..') {
        if (facts === undefined) return stop(new NameRefused(`${at} is not there`));
        passed.push(at);
        at = dirname(at);
        facts = look(at);
        continue;
      }
      at = join(at, part);
      facts = undefined;
      facts = look(at);
      if (facts?.isSymbolicLink() !== true) continue;
      if (links.length === MOST_LINKS) return stop(new NameRefused(`${at} is a link that leads to itself`));
      if (!followsOthers) refuseOthersLink(at, facts, folder.facts);
      const target = targetOf(at);
      if (target === undefined)
        return stop(new NameRefused(`${at} is a link to a name that is not UTF-8`), true);
      links.push({ path: at, target });
      waiting.push(...partsOf(target));
      at = target.startsWith('/') ? '/' : dirname(at);
      facts = look(at);
    } catch (error) {
      if (!(error instanceof NameRefused) && systemCode(error) === undefined) throw error;
      // What lies in a folder that is closed is up to who opens it.
      if (facts === undefined) ({ at, facts } = folder);
      return stop(
        error instanceof NameRefused ? error : new Unforeseen('it cannot be read', { cause: error }),
      );
    }
  }
  return { end: at, facts, links, passed, stopped: undefined, isUnknown: false };
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

/** undefined: it is no UTF-8. */
const targetOf = (path: string): string | undefined => {
  const bytes = readlinkSync(path, { encoding: 'buffer' });
  const text = bytes.toString('utf8');
  return text !== '' && Buffer.from(text).equals(bytes) ? text : undefined;
};

/** The same without an error: undefined also for what cannot be looked at. */
export const factsIfAny = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of its path is a file',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'a part of its path is a link that leads to itself',
};

/** Throws NameRefused. */
export const factsOf = (path: string): Stats | undefined => {
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
