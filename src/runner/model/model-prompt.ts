/**
 * What is sent to a model for a task: a system text from a template, and one message with the files, the
 * context, the prompt, and what was wrong with the last attempt. Small models follow what comes last, so
 * the prompt stands behind the files.
 */
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { KoubouError, systemCode } from '../../errors.ts';
import { openAttached } from '../../names/attached.ts';
import type { Attached } from '../../names/places.ts';
import { NameRefused, NotAFile } from '../../names/walk.ts';
import { action, field, say } from '../../say/say.ts';
import { extractWords } from '../../task/extract.ts';
import type { TaskFile } from '../../task/record.ts';
import { estimateTokens, type TokenRange } from '../../task/tokens.ts';
import { decodeText } from '../../text/formats/decode-text.ts';
import { readTextFile } from '../../text/formats/read-text.ts';

export interface ModelPrompt {
  system: string;
  user: string;
  /** UTF-8 bytes of both. */
  bytes: number;
  tokens: TokenRange;
}

export interface PromptOptions {
  /** Where NAME.md templates lie; the first folder that has the name wins. */
  folders: readonly string[];
  /** A template for tasks that name none; `auto` chooses by the task's type. */
  template: string;
  /** What the last attempt was told, or null. */
  feedback: string | null;
}

/** No model takes more; reading it would only cost memory. */
const FILES_BYTES = 32 * 1024 * 1024;

type Asked = Pick<TaskFile, 'type' | 'prompt' | 'files' | 'places' | 'context' | 'cwd' | 'options'>;

/**
 * Reads the template and the files and puts the messages together. Throws KoubouError: `usage` for a
 * template that is missing or a file that is not text, `conflict` for what cannot be read any more,
 * `context_overflow` for more than any model takes.
 */
export const buildPrompt = async (task: Asked, options: PromptOptions): Promise<ModelPrompt> => {
  const system = await systemText(task, options);
  const parts = [
    await filesText(task),
    Object.keys(task.context).length === 0 ? '' : `Context:\n${JSON.stringify(task.context, null, 2)}`,
    task.prompt,
    task.options.schema === undefined
      ? ''
      : `Answer with one JSON value and nothing else. It must fit this JSON schema:\n${JSON.stringify(task.options.schema)}`,
    extractWords(task),
    options.feedback === null
      ? ''
      : `An earlier answer to this was not accepted, for this reason:\n${options.feedback}\nGive a complete answer that is right in this point.`,
  ];
  const user = parts.filter((part) => part !== '').join('\n\n');
  const whole = `${system}\n${user}`;
  return { system, user, bytes: Buffer.byteLength(whole) - 1, tokens: estimateTokens(whole) };
};

const systemText = async (task: Asked, { folders, template }: PromptOptions): Promise<string> => {
  const { template: asked, system } = task.options;
  // A caller's own words replace the template that nobody asked for, and follow one that was asked for.
  if (system !== undefined && asked === undefined) return system;
  const byType = task.type === 'code' ? 'code' : 'general';
  const text = await readTemplate(asked ?? (template === 'auto' ? byType : template), folders);
  return system === undefined ? text : `${text}\n\n${system}`;
};

/** Throws `usage` where no template has that name. */
export const requireTemplate = async (name: string, folders: readonly string[]): Promise<void> => {
  await readTemplate(name, folders);
};

const readTemplate = async (name: string, folders: readonly string[]): Promise<string> => {
  if (/^[\w-]+$/.test(name)) {
    for (const folder of folders) {
      try {
        const text = readTextFile(join(folder, `${name}.md`));
        return text.replace(/^<!--.*?-->\s*/s, '').trim();
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw unreadable(`The template ${name}`, error);
      }
    }
  }
  throw new KoubouError('usage', `There is no template "${name}".`, {
    hint: `Templates: ${(await templateNames(folders)).join(', ') || 'none'}. Your own go into config/prompts/NAME.md.`,
  });
};

const templateNames = async (folders: readonly string[]): Promise<string[]> => {
  const lists = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  const names = lists.flat().filter((name) => name.endsWith('.md'));
  return [...new Set(names.map((name) => name.slice(0, -3)))].sort();
};

const filesText = async (task: Asked): Promise<string> => {
  let bytes = 0;
  const parts: string[] = [];
  for (const file of task.files) {
    const path = resolve(task.cwd, file.path);
    const name = shownName(path, task.cwd);
    const text = await readText({ path, place: task.places?.[path] }, name, FILES_BYTES - bytes);
    bytes += Buffer.byteLength(text);
    parts.push(`<file name=${JSON.stringify(name)}>\n${text}\n</file>`);
  }
  return parts.join('\n\n');
};

const shownName = (path: string, cwd: string): string => {
  const inside = relative(cwd, path);
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
};

/** Of the file that was attached, through one descriptor: what its name leads to may change at any time. */
const readText = async (attached: Attached, name: string, mostBytes: number): Promise<string> => {
  const content = await readBounded(attached, mostBytes).catch((error: unknown) => {
    throw unreadable(`The file ${name}`, error);
  });
  try {
    const text = decodeText(content);
    if (!text.includes('\0')) return text.replace(/\r?\n$/, '');
  } catch {
    // Said below, as for a file with zero bytes.
  }
  throw new KoubouError('usage', `The file ${name} is not UTF-8 text, nor UTF-16 with a byte order mark.`, {
    hint: 'A binary cannot be sent; text in another encoding can be converted with iconv.',
  });
};

const readBounded = async (attached: Attached, mostBytes: number): Promise<Buffer> => {
  const file = await openAttached(attached);
  try {
    if ((await file.stat()).size <= mostBytes) return await file.readFile();
  } finally {
    await file.close();
  }
  throw new KoubouError(
    'context_overflow',
    `The files are over ${FILES_BYTES / 1024 / 1024} MB, more than any model takes.`,
  );
};

const unreadable = (what: string, error: unknown): KoubouError => {
  if (error instanceof KoubouError) return error;
  if (systemCode(error) === 'ENOENT') {
    return new KoubouError('conflict', `${what} does not exist any more.`, {
      hint: say`Files are read when the task runs; put it back, then ${action('retry')}.`,
      cause: error,
    });
  }
  if (error instanceof NotAFile) {
    return new KoubouError('conflict', `${what} is not a file.`, {
      hint: say`Name each file with its own ${field('file')}.`,
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  const refused = error instanceof NameRefused;
  return new KoubouError('conflict', `${what} cannot be read: ${message}${refused ? '.' : ''}`, {
    hint: refused ? say`Nothing was sent. Put it right and ${action('retry')}.` : 'Check its permissions.',
    cause: error,
  });
};
