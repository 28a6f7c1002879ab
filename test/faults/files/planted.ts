/** Faults of koubou's own, put into the way to the disk: the tests must find each of them. */
import fs from 'node:fs';
import { LightDisk } from '../../helpers/queue-disk.ts';

export const PLANTED = [
  'follows links',
  'waits at a pipe',
  'reads whatever size',
  'sets nothing aside',
] as const;
export type Planted = (typeof PLANTED)[number];

export const diskWith = (planted: Planted): LightDisk => {
  if (planted === 'sets nothing aside') return new Holding();
  return new Trusting(planted);
};

class Trusting extends LightDisk {
  readonly #planted: Planted;

  constructor(planted: Planted) {
    super();
    this.#planted = planted;
  }

  override async read(path: string, maxBytes: number): Promise<Buffer> {
    const follows = this.#planted === 'follows links';
    const facts = fs.lstatSync(path);
    if (facts.isSymbolicLink() ? follows : facts.isFIFO() ? this.#planted === 'waits at a pipe' : false) {
      return fs.readFileSync(path);
    }
    return super.read(path, this.#planted === 'reads whatever size' ? Number.MAX_SAFE_INTEGER : maxBytes);
  }
}

/** What cannot be read stays where it is, and is met again. */
class Holding extends LightDisk {
  override async rename(from: string, to: string): Promise<void> {
    if (to.includes('/quarantine/')) throw Object.assign(new Error('EBUSY: rename'), { code: 'EBUSY' });
    await super.rename(from, to);
  }
}
