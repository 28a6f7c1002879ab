/**
 * What a sandbox is given is what was judged: it is opened without following a link anywhere on its way, and mounted by
 * that descriptor, so that nobody can turn a name round meanwhile. An older bubblewrap takes names alone; with it the way is
 * looked at again right before the start.
 */
import { constants, fstatSync, openSync } from 'node:fs';
import { KoubouError, systemCode } from '../../errors.ts';
import { closeRead } from '../../names/close-read.ts';
import { openHeld } from '../../names/folder.ts';
import { linkIn, NameRefused } from '../../names/walk.ts';
import { askProgram } from '../../process/programs/ask-program.ts';
import { action, say } from '../../say/say.ts';

/** The first one that bubblewrap gets, as `holds` of startProgram has it. */
const FIRST = 5;
const LIMIT_MS = 3000;
/** Of a copy. */
const MOST_BYTES = 16 * 1024 * 1024;
const known = new Map<string, Promise<boolean>>();

export class HeldPlaces {
  readonly descriptors: number[] = [];
  /** Paths in writable folders over which something is mounted to hide what is there. */
  readonly covered: string[] = [];
  readonly #byDescriptor: boolean;
  readonly #paths: string[] = [];

  constructor({ byDescriptor }: { byDescriptor: boolean }) {
    this.#byDescriptor = byDescriptor;
  }

  static async of(bwrap: string): Promise<HeldPlaces> {
    const asked = known.get(bwrap) ?? takesDescriptors(bwrap);
    known.set(bwrap, asked);
    return new HeldPlaces({ byDescriptor: await asked });
  }

  /**
   * The words that mount it where it lies; undefined: nothing is there. Throws KoubouError `not_allowed` for what is not
   * its own real path any more.
   */
  mount(how: '--bind' | '--ro-bind', path: string): readonly string[] | undefined {
    const descriptor = opened(path);
    if (descriptor === undefined) return undefined;
    this.#paths.push(path);
    if (!this.#byDescriptor) {
      closeRead(descriptor);
      return [how, path, path];
    }
    return [`${how}-fd`, this.#given(descriptor), path];
  }

  /** The words that put a copy of a file there; undefined: there is none, or a large one, or it cannot be read. */
  copy(path: string): readonly string[] | undefined {
    const descriptor = openedFile(path);
    return descriptor === undefined
      ? undefined
      : ['--perms', '0600', '--file', this.#given(descriptor), path];
  }

  #given(descriptor: number): string {
    this.descriptors.push(descriptor);
    return String(FIRST + this.descriptors.length - 1);
  }

  /** Throws KoubouError `not_allowed` where a link has come into the way to one of them. */
  requireThere(): void {
    for (const path of this.#paths) {
      const link = linkOrWhy(path);
      if (link !== undefined) throw turned(path, link);
    }
  }

  close(): void {
    for (const descriptor of this.descriptors.splice(0)) closeRead(descriptor);
  }
}

const opened = (path: string): number | undefined => {
  try {
    return openHeld(path);
  } catch (error) {
    if (error instanceof NameRefused) throw turned(path, error.message);
    if (GONE.has(systemCode(error) ?? '')) return undefined;
    throw error;
  }
};

const openedFile = (path: string): number | undefined => {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const facts = fstatSync(descriptor);
    if (facts.isFile() && facts.size <= MOST_BYTES) return descriptor;
  } catch {
    // As if it were not there.
  }
  if (descriptor !== undefined) closeRead(descriptor);
  return undefined;
};

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

const linkOrWhy = (path: string): string | undefined => {
  try {
    const link = linkIn(path);
    return link === undefined ? undefined : `${link.path} has become a link, to ${link.target}`;
  } catch (error) {
    if (error instanceof NameRefused) return error.message;
    throw error;
  }
};

const turned = (path: string, why: string): KoubouError =>
  new KoubouError('not_allowed', `No program of a sandbox is given ${path}: ${why}.`, {
    hint: say`Something else changes these folders meanwhile. Look at what it does, then ${action('retry')}.`,
  });

const takesDescriptors = async (bwrap: string): Promise<boolean> => {
  const asked = { cwd: '/', environment: {}, limitMs: LIMIT_MS };
  const answer = await askProgram(bwrap, ['--help'], asked).catch(() => undefined);
  return / --bind-fd .* --ro-bind-fd /s.test(`${answer?.stdout ?? ''}${answer?.stderr ?? ''}`);
};
