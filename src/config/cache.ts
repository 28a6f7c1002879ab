/**
 * The parsed agent.yaml, kept so that a short command need load neither yaml nor the schema (30 ms). Its key
 * covers the file's exact text and the code that read it, so a stale one is never taken; one that is missing, damaged,
 * unreadable or cannot be written only costs time. It holds nothing of config/.env.
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { readTextFile } from '../text/formats/read-text.ts';
import { agentsFolder } from './paths.ts';
import type { Config } from './schema.ts';

export interface CachedConfig {
  config: Config;
  stated: string[];
}

/**
 * Beside agent.yaml: what stands in it is done as what stands there, so who is kept from writing there must not be able to
 * write this either.
 */
export const cacheFile = (home: string): string => join(home, 'config', '.cache.json');

/** The text of the file, and as much again that is read of it. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The whole text, not a hash of it: hashing costs a short command more than reading two kilobytes. */
export const cacheKey = (text: string): string => {
  // Of the word alone: whether it is the key only a reader of YAML knows.
  const stamps = /\buse\b/.test(text) ? [codeStamp(), ...definitionStamps()] : [codeStamp()];
  return [...stamps, text].join('\n');
};

export const readCache = (home: string, key: string): CachedConfig | undefined => {
  try {
    const kept = JSON.parse(readTextFile(cacheFile(home), { mostBytes: MOST_BYTES }));
    return kept?.key === key && kept.sum === sumOf(kept.content) ? JSON.parse(kept.content) : undefined;
  } catch {
    return undefined;
  }
};

export const writeCache = async (
  home: string,
  key: string,
  { config, stated }: CachedConfig,
): Promise<void> => {
  const { writeOver } = await import('../process/write-whole.ts');
  const content = JSON.stringify({ config, stated });
  const kept = JSON.stringify({ key, sum: sumOf(content), content });
  try {
    writeOver(cacheFile(home), kept, { durable: false });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
};

/** FNV-1a: nothing looks at the content again, so damage to it must show. Not against anybody, who could edit agent.yaml too. */
const sumOf = (content: string): number => {
  let sum = 0x811c9dc5;
  for (let at = 0; at < content.length; at += 1) sum = Math.imul(sum ^ content.charCodeAt(at), 0x01000193);
  return sum;
};

/**
 * Differs for each installed or built version of the schema. ctime, as npm gives every package's files the
 * same mtime. The schema is a file of its own beside this one, except in the bundle.
 */
const codeStamp = (): string => {
  const here = import.meta.filename;
  return stampOf(
    statSync(join(import.meta.dirname, `schema${extname(here)}`), { throwIfNoEntry: false }) ??
      statSync(here),
  );
};

/** Of what an entry may use: koubou's own descriptions of agent CLIs, which are in no bundle. */
const definitionStamps = (): string[] =>
  readdirSync(agentsFolder()).map((name) => `${name} ${stampOf(statSync(join(agentsFolder(), name)))}`);

const stampOf = ({ ino, size, ctimeMs }: Stats): string => `${ino} ${size} ${ctimeMs}`;
