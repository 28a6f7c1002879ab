/** Reads what the fields of a task name: stdin once, and each file once however many tasks name it. */
import { resolve } from 'node:path';
import type { App } from '../../app/app.ts';
import type { Project } from '../../app/project.ts';
import { KoubouError } from '../../errors.ts';
import { field, say } from '../../say/say.ts';
import type { Fields } from '../../task/fields/asked-task.ts';
import { placeWithin } from '../callers/admit-file.ts';
import { resolveTask, type SelectFrom } from '../tasks/select.ts';
import { asText, readTextFile } from './attach.ts';
import { checkSchema, parseSchema } from './schema-file.ts';

/** What came in beside the request, for the one thing that is to be read from it. */
export interface Stdin {
  /** undefined: nothing came in. */
  bytes?: Uint8Array | undefined;
  /** What has been read from it already, as a message says it. */
  takenFor?: string | undefined;
}

export interface SourceParts {
  app: SelectFrom & { cwd: string };
  /** What `-` stands for. */
  stdin: Stdin;
  /**
   * Where the file has to lie when it is read; undefined: wherever its name leads. Throws `not_allowed` where the caller
   * may not have it read.
   */
  admitFile: (path: string) => string | undefined;
}

export type SourcesApp = SelectFrom & Pick<App, 'cwd' | 'caller' | 'project'>;

/** As the caller may have files read. */
export const sourcesFor = (app: SourcesApp, stdin: Stdin): Sources => {
  const { caller } = app;
  let project: Project | undefined;
  const admitFile = (path: string): string | undefined => {
    if (caller.principal.role === 'owner') return undefined;
    project ??= app.project();
    return placeWithin(path, project, caller, 'Nothing was added.');
  };
  return new Sources({ app, stdin, admitFile });
};

/** Whether something of a task is to come from stdin. Two prompts are refused unread. */
export const asksForStdin = ({ prompt, promptFile, files, schema }: Fields): boolean =>
  (promptFile === '-' && prompt === undefined) || schema === '-' || files?.includes('-') === true;

export class Sources {
  readonly #parts: SourceParts;
  readonly #texts = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  #stdinFor: string | undefined;

  constructor(parts: SourceParts) {
    this.#parts = parts;
    this.#stdinFor = parts.stdin.takenFor;
  }

  /** With the prompt from wherever it is to come. Throws `usage` where two are given. */
  async withPrompt(fields: Fields): Promise<Fields> {
    const { promptFile, ...rest } = fields;
    if (promptFile === undefined) return fields;
    if (fields.prompt !== undefined) {
      throw new KoubouError(
        'usage',
        'There are two prompts: one in words, one in a file. Nothing was added.',
        {
          hint: say`Give one of them; what it speaks of goes into ${field('file')}.`,
        },
      );
    }
    return { ...rest, prompt: withoutLastNewline(await this.text(promptFile, 'The prompt')) };
  }

  /** With everything that a task holds itself: the text of a file on stdin, the schema, the ids of its parents. */
  async complete(fields: Fields): Promise<Fields> {
    const complete = await this.#withFileOnStdin(await this.withPrompt(fields));
    const { schema, after, afterAny, resumeFrom } = fields;
    if (typeof schema === 'string') {
      complete.schema = await parseSchema(await this.text(schema, 'The schema'), `The schema ${schema}`);
    } else if (schema !== undefined) complete.schema = await checkSchema(schema, 'The schema');
    if (after) complete.after = await this.#resolved(after);
    if (afterAny) complete.afterAny = await this.#resolved(afterAny);
    if (resumeFrom !== undefined) [complete.resumeFrom] = await this.#resolved([resumeFrom]);
    return complete;
  }

  /** Of a file, or of stdin for `-`. `what` begins a message. */
  async text(path: string, what: string): Promise<string> {
    const known = this.#texts.get(path);
    if (known !== undefined && (path !== '-' || this.#stdinFor === what)) return known;
    if (path === '-' && this.#stdinFor !== undefined) {
      throw new KoubouError(
        'usage',
        'Two things are to come from stdin, which is read once. Nothing was added.',
        {
          hint: 'Put one of them into a file.',
        },
      );
    }
    if (path === '-') this.#stdinFor = what;
    const text = path === '-' ? this.#stdin(what) : await this.#file(path, what);
    this.#texts.set(path, text);
    return text;
  }

  #stdin(what: string): string {
    const { bytes } = this.#parts.stdin;
    if (bytes !== undefined) return asText(bytes, `${what} on stdin`);
    throw new KoubouError('usage', `${what} is to come from stdin, and nothing came in. Nothing was added.`, {
      hint: 'Give the text itself, or the name of a file.',
    });
  }

  async #file(path: string, what: string): Promise<string> {
    const whole = resolve(this.#parts.app.cwd, path);
    return readTextFile({ path: whole, place: this.#parts.admitFile(whole) }, `${what} ${path}`);
  }

  /** It has no path that could be read when the task runs, so it goes into the prompt as files do there. */
  async #withFileOnStdin(fields: Fields): Promise<Fields> {
    if (!fields.files?.includes('-')) return { ...fields };
    const text = await this.text('-', 'The file');
    if (text.includes('\0')) {
      throw new KoubouError('usage', 'The file on stdin is a binary. Nothing was added.', {
        hint: 'A model reads only text.',
      });
    }
    const files = fields.files.filter((file) => file !== '-');
    if (fields.prompt === undefined || fields.prompt.trim() === '') return { ...fields, files };
    const prompt = `<file name="stdin">\n${withoutLastNewline(text)}\n</file>\n\n${fields.prompt}`;
    return { ...fields, files, prompt };
  }

  async #resolved(references: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const reference of references) {
      const id = this.#ids.get(reference) ?? (await resolveTask(this.#parts.app, reference));
      this.#ids.set(reference, id);
      ids.push(id);
    }
    return ids;
  }
}

const withoutLastNewline = (text: string): string => text.replace(/\r?\n$/, '');
