/** Reads the text of an agent.yaml. Loads yaml and the schema: only where the cached config does not serve. */
import { type Document, LineCounter } from 'yaml';
import { KoubouError } from '../errors.ts';
import { action, say } from '../say/say.ts';
import { readYaml } from '../text/formats/yaml.ts';
import { checkConfig, type Problem } from './check.ts';
import type { Config } from './schema.ts';

export interface AgentYaml {
  config: Config;
  /** The dotted keys that the file itself gives a value. */
  stated: string[];
  /** The file with its comments, for editing. */
  document: Document;
}

/** `file` is the path that errors name. Throws KoubouError `usage` with the line and column of the mistake. */
export const readAgentYaml = (text: string, file: string): AgentYaml => {
  const lines = new LineCounter();
  const document = readYaml(text, lines);
  const place = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}, line ${line}, column ${col}`;
  };
  const [error] = document.errors;
  if (error) {
    throw new KoubouError('usage', `${place(error.pos[0])}: this is not YAML: ${error.message}`, {
      hint: 'Correct that line, then repeat. Indentation is by spaces, and `key: value` needs the space.',
    });
  }
  const checked = checkConfig(contentOf(document, file));
  if (checked.ok) return { config: checked.config, stated: checked.stated, document };
  const { path, message } = checked.problem;
  throw new KoubouError(
    'usage',
    `${place(offsetOf(document, checked.problem))}: ${dotted(path)} ${message}`,
    {
      hint: say`Correct that line, then repeat. A key that is left out has its default; see ${action('config')}.`,
    },
  );
};

/** Aliases can grow a small file without end; a config needs few. */
const contentOf = (document: Document, file: string): unknown => {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new KoubouError('usage', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'Write the values out in place of aliases.',
      cause,
    });
  }
};

const dotted = (path: Problem['path']): string =>
  path.length === 0 ? 'the file' : path.map(String).join('.');

/** Where the key of a problem stands, or, where it is missing, the nearest group around it. */
const offsetOf = (document: Document, { path }: Problem): number | undefined => {
  for (let length = path.length; length > 0; length--) {
    const group: unknown = document.getIn(path.slice(0, length - 1), true) ?? document.contents;
    const key = path[length - 1];
    const items = isGroup(group) ? group.items : [];
    const item = typeof key === 'number' ? items[key] : items.find((pair) => pair.key?.value === key);
    const offset = item?.key?.range?.[0] ?? item?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return document.contents?.range?.[0];
};

interface Item {
  key?: { value?: unknown; range?: [number, number, number] };
  range?: [number, number, number];
}

const isGroup = (node: unknown): node is { items: Item[] } =>
  typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items);
