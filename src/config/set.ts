/** Sets one key of config/agent.yaml, keeping its comments. */
import { realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Document } from 'yaml';
import { KoubouError } from '../errors.ts';
import { lockPath, tryLock } from '../process/lock.ts';
import { writeOver } from '../process/write-whole.ts';
import { action, actionLine, say } from '../say/say.ts';
import { agentYamlFile, readConfigFile } from './load.ts';

/** By this process' own clock; an edit takes milliseconds. */
const LONGEST_EDIT_MS = 3000;

/**
 * `value` is written as in YAML: `3`, `10m`, `true`, `[A, B]`. What would make the file invalid is refused
 * with `usage` and not written. Two that set at once both hold.
 */
export const setConfig = async (home: string, key: string, value: string): Promise<void> => {
  const file = await realpath(agentYamlFile(home)).catch(() => agentYamlFile(home));
  await guarded(home, file, async () => {
    const { isScalar, parseDocument } = await import('yaml');
    const { readAgentYaml } = await import('./read-yaml.ts');
    const { replaceScalar } = await import('./edit-yaml.ts');
    const { text, mode } = await current(file);
    const { document } = readAgentYaml(text, file);
    const written = parseDocument(value, { prettyErrors: false });
    if (written.errors[0]) {
      throw new KoubouError('usage', `"${value}" is not a value: ${written.errors[0].message}`, {
        hint: say`Put quotes inside the quotes: ${actionLine('config', 'KEY', '"…"')}.`,
      });
    }
    const spliced = isScalar(written.contents) ? replaceScalar(document, text, key, value.trim()) : undefined;
    putIn(document, key, written.contents);
    const wanted = document.toJS();
    await refuseFaulty(wanted);
    // The writer of yaml lays comments out anew, so it has its turn only where one value's place is not enough.
    const isMeant = spliced !== undefined && isDeepStrictEqual(parseDocument(spliced).toJS(), wanted);
    const after = isMeant ? spliced : document.toString({ lineWidth: 0 });
    writeOver(file, after, { mode });
  });
};

const putIn = (document: Document, key: string, value: unknown): void => {
  try {
    document.setIn(key.split('.'), value);
  } catch (cause) {
    throw new KoubouError('usage', `${key} is no key of koubou: what stands above it is a value.`, {
      hint: say`${action('config')} shows every key.`,
      cause,
    });
  }
};

const refuseFaulty = async (content: unknown): Promise<void> => {
  const { checkConfig } = await import('./check.ts');
  const checked = checkConfig(content);
  if (checked.ok) return;
  const { path, message } = checked.problem;
  throw new KoubouError('usage', `${path.map(String).join('.')} ${message}`, {
    hint: say`Nothing was changed; ${action('config')} shows what holds.`,
  });
};

const current = async (file: string): Promise<{ text: string; mode: number }> => {
  const text = readConfigFile(file, { whole: true });
  if (text === undefined) return { text: 'version: 1\n', mode: 0o600 };
  return { text, mode: (await stat(file)).mode & 0o777 };
};

/** One after the other. Throws `conflict` where another command, which lives, does not come to an end. */
const guarded = async (home: string, file: string, edit: () => Promise<void>): Promise<void> => {
  const lock = await waitForLock(lockPath(home, basename(file)), file);
  try {
    await edit();
  } finally {
    lock.release();
  }
};

const waitForLock = async (path: string, file: string): Promise<{ release: () => void }> => {
  const untilMs = performance.now() + LONGEST_EDIT_MS;
  for (;;) {
    const isLate = performance.now() > untilMs;
    // Of a holder that cannot be seen an edit is lost at worst, never the file.
    const lock = tryLock(path, { passUnseen: isLate });
    if (lock.held) return lock;
    if (isLate) {
      const who = lock.pid === null ? 'another command' : `process ${lock.pid}`;
      throw new KoubouError('conflict', `${file} is being edited by ${who}, and nothing was changed.`, {
        hint: `Repeat it when that has ended.`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
};
