/**
 * Files that a person dropped into pending/ by hand become tasks. Whoever may write a file there need not be
 * allowed to run programs, so nothing that runs one is taken from such a file.
 */
import { extname, join } from 'node:path';
import { KoubouError, systemCode } from '../../../errors.ts';
import { MAX_TASK_BYTES, type NewTask } from '../../../task/record.ts';
import type { Adopted } from '../../queue.ts';
import { BadFile, type FileFacts, listOrNone, unlessCode } from '../disk/disk.ts';
import { move } from '../disk/moves.ts';
import type { QueueContext } from '../layout/context.ts';
import { parseTaskName } from '../layout/names.ts';
import { quarantine } from '../layout/quarantine.ts';
import { PendingReturns } from '../workers/pending-returns.ts';
import { addTasks } from './add.ts';
import { returnForeign } from './foreign-files.ts';

/** Text has no end that could be recognised, so it must have stayed the same for so long. */
const UNCHANGED_FOR_MS = 2000;
const TEXT_ENDINGS = ['.yaml', '.yml', '.md', '.txt'];

/** What turns the parsed content of a dropped file into a task; throws KoubouError for one that is refused. */
export type DraftFromDrop = (
  fields: Readonly<Record<string, unknown>>,
  prompt: string | null,
) => NewTask | Promise<NewTask>;

export class ImportDropped {
  readonly #context: QueueContext;
  readonly #draft: DraftFromDrop;
  readonly #sightings = new Map<string, { facts: string; sinceMs: number }>();
  /** Taken into the worker's folder, and to be put back where they did not become tasks. */
  readonly #pendingReturns = new PendingReturns<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: QueueContext, draft: DraftFromDrop) {
    this.#context = context;
    this.#draft = draft;
  }

  /**
   * Looks at each foreign name once. Answers with how many tasks were added and how many files were set aside.
   * Each file is renamed into `workerFolder` first, so one daemon takes it; a reaper returns it. One call at a time: what one
   * has in hand another would put back.
   */
  run(workerFolder: string): Promise<Adopted> {
    const turn = this.#last.then(() => this.#run(workerFolder));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #run(workerFolder: string): Promise<Adopted> {
    const { disk, layout } = this.#context;
    const result = { added: 0, quarantined: 0, waiting: 0 };
    const errors: unknown[] = [];
    await this.#putBack(workerFolder);
    const foreign = (await listOrNone(disk, layout.pending)).filter(
      (name) => parseTaskName(name) === undefined && !name.startsWith('.'),
    );
    for (const name of foreign) {
      try {
        const outcome = await this.#look(name, workerFolder);
        result[outcome ?? 'waiting'] += 1;
      } catch (error) {
        // One file's trouble does not hold up the others.
        errors.push(error);
      }
    }
    const present = new Set(foreign);
    for (const name of this.#sightings.keys()) if (!present.has(name)) this.#sightings.delete(name);
    if (errors.length > 0) throw errors[0];
    result.waiting += this.#pendingReturns.size;
    return result;
  }

  async #putBack(workerFolder: string): Promise<void> {
    await this.#pendingReturns.putBack((name) =>
      returnForeign(this.#context, join(workerFolder, name), name),
    );
  }

  async #look(name: string, workerFolder: string): Promise<'added' | 'quarantined' | undefined> {
    const { disk, layout } = this.#context;
    const path = join(layout.pending, name);
    const facts = await disk.facts(path);
    if (facts === undefined) return undefined;
    const reason = this.#refuse(name, facts);
    if (reason !== undefined) {
      return (await quarantine(this.#context, path, name, reason)) ? 'quarantined' : undefined;
    }
    return (await this.#ripe(path, name, facts)) ? this.#adopt(path, name, workerFolder) : undefined;
  }

  #refuse(name: string, facts: FileFacts): string | undefined {
    if (facts.kind !== 'file') return 'it is not a regular file';
    if (facts.size > MAX_TASK_BYTES) return `it has ${facts.size} bytes; ${MAX_TASK_BYTES} are read at most`;
    const ending = extname(name).toLowerCase();
    if (ending === '.json' || TEXT_ENDINGS.includes(ending)) return undefined;
    return 'its name ends in none of .json .yaml .yml .md .txt';
  }

  async #ripe(path: string, name: string, facts: FileFacts): Promise<boolean> {
    const now = this.#context.machine.steadyMs();
    const stamp = `${facts.inode}:${facts.size}:${facts.modifiedMs}`;
    const seen = this.#sightings.get(name);
    if (seen?.facts !== stamp) this.#sightings.set(name, { facts: stamp, sinceMs: now });
    if (seen?.facts === stamp && now - seen.sinceMs >= UNCHANGED_FOR_MS) return true;
    // Who writes elsewhere and links it to here takes the other name away soon.
    if (facts.links > 1) return false;
    // A JSON document says itself when it is whole; one that never is goes to quarantine once it rests.
    if (extname(name).toLowerCase() !== '.json') return false;
    try {
      JSON.parse((await this.#context.disk.read(path, MAX_TASK_BYTES)).toString('utf8'));
      return true;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof BadFile) return false;
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** A hard link is no way to a file that whoever made it may not read: a sandbox may let it be made all the same. */
  #refuseOthersFile({ links }: FileFacts): void {
    if (links === 1) return;
    throw new BadFile('it is a second name (a hard link) of a file that lies elsewhere; drop a copy of it');
  }

  async #adopt(
    path: string,
    name: string,
    workerFolder: string,
  ): Promise<'added' | 'quarantined' | undefined> {
    const { disk } = this.#context;
    const held = join(workerFolder, name);
    if (!(await unlessCode(['ENOENT'], () => move(disk, path, held)))) return undefined;
    this.#context.step('adopt.taken');
    this.#pendingReturns.add(name, name);
    try {
      const before = await disk.facts(held);
      // Fenced: the one who took the folder away gives the file back.
      if (before === undefined) return undefined;
      this.#refuseOthersFile(before);
      const bytes = await disk.read(held, MAX_TASK_BYTES);
      // Looked at after the content: it may still have been written when it was found.
      const facts = await disk.facts(held);
      if (facts === undefined) return undefined;
      const { fields, prompt } = await parseDrop(name, asText(bytes));
      const draft = await this.#draft(fields, prompt);
      // The key makes a second try after a crash find the first one's task. The time tells the same text
      // dropped in once more: a file system soon gives a freed inode's number again.
      const hash = process
        .getBuiltinModule('node:crypto')
        .createHash('sha256')
        .update(`${facts.inode}\0${facts.modifiedMs}\0${name}\0`)
        .update(bytes)
        .digest('hex');
      await addTasks(this.#context, [{ ...draft, key: draft.key ?? `dropped:${hash}` }]);
      this.#context.step('adopt.added');
      await unlessCode(['ENOENT'], () => disk.unlink(held));
      return 'added';
    } catch (error) {
      // Fenced a moment later.
      if (systemCode(error) === 'ENOENT' && (await disk.facts(held)) === undefined) return undefined;
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      return (await quarantine(this.#context, held, name, reason)) ? 'quarantined' : undefined;
    } finally {
      await this.#putBack(workerFolder);
    }
  }
}

const asText = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BadFile('it is not UTF-8', { cause });
  }
};

// Errors of the content are the file's own fault; anything else (a full disk) is not, and it is tried again.
const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof KoubouError) {
    const ownFault = ['usage', 'key_conflict', 'no_such_task', 'not_allowed'];
    return ownFault.includes(error.code) ? error.message : undefined;
  }
  if (error instanceof SyntaxError) return `it is not JSON: ${error.message}`;
  return error instanceof BadFile ? error.message : undefined;
};

const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?([\s\S]*)$/;

const parseDrop = async (
  name: string,
  content: string,
): Promise<{ fields: Record<string, unknown>; prompt: string | null }> => {
  const text = content.replace(/^\uFEFF/, '');
  const ending = extname(name).toLowerCase();
  if (ending === '.json') return { fields: asFields(JSON.parse(text)), prompt: null };
  if (ending === '.yaml' || ending === '.yml')
    return { fields: asFields(await parseYaml(text)), prompt: null };
  const match = ending === '.md' ? FRONT_MATTER.exec(text) : null;
  if (match === null) return { fields: {}, prompt: text };
  return { fields: asFields(await parseYaml(match[1] ?? '')), prompt: match[2] ?? '' };
};

const parseYaml = async (text: string): Promise<unknown> => {
  const { MOST_LETTERS, readYaml } = await import('../../../text/formats/yaml.ts');
  if (text.length > MOST_LETTERS)
    throw new KoubouError(
      'usage',
      `its YAML has more than ${MOST_LETTERS} letters; a long prompt is the text of a .md file.`,
    );
  try {
    const document = readYaml(text);
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KoubouError('usage', `it is not YAML as it is read here: ${why}`, { cause });
  }
};

/** Of a task, schema included: each is checked while nothing else goes on. */
const MOST_PARTS = 10_000;

/** Counted to the bound and no further. */
const partsOf = (value: unknown): number => {
  const open: unknown[] = [value];
  let count = 0;
  for (let each = open.pop(); each !== undefined && count <= MOST_PARTS; each = open.pop()) {
    if (typeof each !== 'object' || each === null) continue;
    const members: unknown[] = Object.values(each);
    count += members.length;
    if (count <= MOST_PARTS) open.push(...members.map((member) => member ?? null));
  }
  return count;
};

const asFields = (value: unknown): Record<string, unknown> => {
  if (partsOf(value) > MOST_PARTS)
    throw new KoubouError('usage', `It has more than ${MOST_PARTS} fields and members.`);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new KoubouError('usage', 'It holds no fields of a task.');
};
