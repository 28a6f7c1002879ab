// The list of commands the bundle carries, read from the files themselves: src/commands/workers/scale.ts is
// `koubou workers scale`. Only what `koubou --help` shows is written into the bundle; flags are read from the
// class when its own help is asked for.

import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface FoundCommand {
  id: string;
  file: string;
  summary: string;
  hidden: boolean;
}

interface Package {
  name: string;
  version: string;
  description: string;
}

export async function findCommands(folder: string): Promise<FoundCommand[]> {
  const names = (await readdir(folder, { recursive: true }))
    .filter((name) => /(?<!\.d)\.ts$/.test(name))
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const { default: command } = await import(pathToFileURL(file).href);
      if (typeof command?.run !== 'function') throw new Error(`${file}: the default export is not a command`);
      if (typeof command.summary !== 'string') throw new Error(`${file}: the command has no static summary`);
      return {
        id: name.replace(/(\/index)?\.ts$/, '').replaceAll(sep, ':'),
        file,
        summary: command.summary,
        hidden: command.hidden === true,
      };
    }),
  );
}

export function startSource(
  commands: FoundCommand[],
  { name, version, description }: Package,
  mainFile: string,
): string {
  const entries = commands.map(
    ({ id, file, summary, hidden }) =>
      `${JSON.stringify(id)}: { summary: ${JSON.stringify(summary)}, hidden: ${hidden}, load: () => import(${JSON.stringify(file)}) },`,
  );
  return [
    `import { main } from ${JSON.stringify(mainFile)};`,
    `void main({`,
    `  name: ${JSON.stringify(name)}, version: ${JSON.stringify(version)}, description: ${JSON.stringify(description)},`,
    `  commands: {`,
    ...entries,
    `  },`,
    `});`,
  ].join('\n');
}
