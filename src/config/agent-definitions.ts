/**
 * Agent CLIs that koubou describes itself: templates/agents/NAME.yaml, each an entry of kind agent as it could stand in
 * agent.yaml. An entry with `use: NAME` takes it. They are read from the package alone, and by the names that lie there.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject } from '../text/formats/json.ts';
import { readTextFile } from '../text/formats/read-text.ts';
import { readYaml } from '../text/formats/yaml.ts';
import { nearest } from '../text/nearest.ts';
import { agentsFolder } from './paths.ts';

export interface AgentDefinitions {
  names: () => string[];
  /** Of a name that there is. */
  read: (name: string) => JsonObject;
}

const ENDING = '.yaml';

export const shippedAgents: AgentDefinitions = {
  names: () =>
    readdirSync(agentsFolder())
      .filter((name) => name.endsWith(ENDING))
      .map((name) => name.slice(0, -ENDING.length))
      .sort(),
  read: (name) => {
    const content: unknown = readYaml(readTextFile(join(agentsFolder(), `${name}${ENDING}`))).toJS();
    return isObject(content) ? content : {};
  },
};

export interface Unusable {
  path: string[];
  message: string;
}

/** The content of an agent.yaml, with the definitions that its entries use below the keys of their own; `env` by its names. */
export const withDefinitions = (
  content: unknown,
  agents: AgentDefinitions,
): { content: unknown } | { problem: Unusable } => {
  const runners = isObject(content) ? content['runners'] : undefined;
  if (!isObject(content) || !isObject(runners)) return { content };
  const filled: [string, unknown][] = [];
  for (const [name, entry] of Object.entries(runners)) {
    const use = isObject(entry) ? entry['use'] : undefined;
    if (!isObject(entry) || use === undefined) {
      filled.push([name, entry]);
      continue;
    }
    const names = agents.names();
    if (typeof use !== 'string' || !names.includes(use)) {
      return { problem: { path: ['runners', name, 'use'], message: unknownAgent(use, names) } };
    }
    filled.push([name, merged(agents.read(use), entry)]);
  }
  return { content: { ...content, runners: Object.fromEntries(filled) } };
};

/** A kind that has no such definitions is told so by its schema. */
const merged = (definition: JsonObject, own: JsonObject): JsonObject => {
  if ((own['kind'] ?? definition['kind']) !== definition['kind']) return own;
  const [below, above] = [definition['env'], own['env']];
  const env = isObject(below) && isObject(above) ? { env: { ...below, ...above } } : {};
  return { ...definition, ...own, ...env };
};

const unknownAgent = (use: unknown, names: readonly string[]): string => {
  const there = `There is ${names.join(', ')}.`;
  if (typeof use !== 'string') return `must name an agent that koubou describes. ${there}`;
  const guess = nearest(use, names);
  const advice = guess === undefined ? there : `Did you mean "${guess}"? ${there}`;
  return `names "${use}", which is no agent that koubou describes. ${advice}`;
};
