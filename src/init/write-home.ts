/** Writes the configuration of a new home: agent.yaml, .env, codex.toml and .gitignore. What a person edited stays. */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fillTemplate } from '../config/edit-yaml.ts';
import { agentYamlFile, envFile, readConfigFile } from '../config/load.ts';
import { templatesFolder } from '../config/paths.ts';
import type { Config } from '../config/schema.ts';
import { writeFirst, writeOver } from '../process/write-whole.ts';
import type { Choice } from './choose.ts';

export interface Written {
  /** Absolute paths of files that were made or written again. */
  made: string[];
  /** Absolute paths of files that were there. */
  kept: string[];
}

/** What init wrote last, to tell an agent.yaml that nobody touched. */
interface Memory {
  sha256: string;
  works: boolean;
}

/** `home` and its config folder exist. Rejects with the system's error where a file cannot be written. */
export const writeHomeConfig = async (
  home: string,
  choice: Choice,
  { allowNetworkFs, agents }: { allowNetworkFs: boolean; agents: Config['callers']['agent'] },
): Promise<Written> => {
  const templates = templatesFolder();
  const agent = fillTemplate(await readFile(join(templates, 'agent.yaml'), 'utf8'), {
    ...choice.filling,
    values: {
      ...choice.filling.values,
      ...(allowNetworkFs && { 'file_system.allow_network': true }),
      'callers.agent.may': agents.may,
      'callers.agent.commands': agents.commands,
    },
  });
  const written: Written = { made: [], kept: [] };
  const note = (file: string, isNew: boolean) => (isNew ? written.made : written.kept).push(file);

  note(agentYamlFile(home), writeAgentYaml(home, agent, choice.works));
  note(envFile(home), writeFirst(envFile(home), await readFile(join(templates, 'env'), 'utf8')));
  const codexToml = join(home, 'config', 'codex.toml');
  note(codexToml, writeFirst(codexToml, await readFile(join(templates, 'codex.toml'), 'utf8')));
  note(join(home, '.gitignore'), writeFirst(join(home, '.gitignore'), '*\n'));
  return written;
};

/**
 * One that nobody edited, written when no model was found, is written again once there is one: it was a
 * guess. Every other one stays.
 */
const writeAgentYaml = (home: string, text: string, works: boolean): boolean => {
  const file = agentYamlFile(home);
  const memoryFile = join(home, 'config', '.init.json');
  const memory: Memory = { sha256: hash('sha256', text), works };
  const before = readConfigFile(file);
  if (before !== undefined) {
    const last = parseMemory(readConfigFile(memoryFile));
    const wasGuess = last?.works === false && last.sha256 === hash('sha256', before);
    if (!wasGuess || !works) return false;
  }
  writeOver(file, text);
  writeOver(memoryFile, `${JSON.stringify(memory)}\n`);
  return true;
};

const parseMemory = (text: string | undefined): Partial<Memory> | undefined => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};
