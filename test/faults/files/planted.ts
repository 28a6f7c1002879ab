/** Faults of koubou's own, put into the way to the disk: the tests must find each of them. */
import fs from 'node:fs';
import type { FileFacts } from '../../../src/queue/files/disk/disk.ts';
import { LightDisk } from '../../helpers/queue-disk.ts';

export type Planted =
  | 'follows links to files'
  | 'follows links to folders'
  | 'waits at a pipe'
  | 'reads whatever size'
  | 'throws away what it cannot read';

export class PlantedDisk extends LightDisk {
  readonly #planted: Planted;

  constructor(planted: Planted) {
    super();
    this.#planted = planted;
  }

  override keepTo(home: string): void {
    if (this.#planted !== 'follows links to folders') super.keepTo(home);
  }

  override async read(path: string, maxBytes: number): Promise<Buffer> {
    const facts = fs.lstatSync(path, { throwIfNoEntry: false });
    const follows = facts?.isSymbolicLink() === true && this.#planted === 'follows links to files';
    const waits = facts?.isFIFO() === true && this.#planted === 'waits at a pipe';
    if (follows || waits) return fs.readFileSync(path);
    return super.read(path, this.#planted === 'reads whatever size' ? Number.MAX_SAFE_INTEGER : maxBytes);
  }

  override async facts(path: string): Promise<FileFacts | undefined> {
    const facts = await super.facts(path);
    if (facts?.kind !== 'other' || this.#planted !== 'follows links to folders') return facts;
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
      ? { ...facts, kind: 'folder' }
      : facts;
  }

  override async rename(from: string, to: string): Promise<void> {
    if (this.#planted === 'throws away what it cannot read' && to.includes('/quarantine/')) {
      fs.rmSync(from, { recursive: true, force: true });
    } else await super.rename(from, to);
  }
}
