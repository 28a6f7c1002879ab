// The command line is one CommonJS file: oclif as shipped loads 160 files, which costs more than everything
// else a short command does. Modules inside it are evaluated where they are first needed, so a command pays
// for what it imports and no more. The packages in `apart` are so large that even reading them in the one
// file would be felt: each gets a file of its own, loaded when it is used.

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { findCommands, startSource } from './commands.ts';
import { lightOclif } from './oclif.ts';

const root = dirname(import.meta.dirname);

const apart = [
  '@secretlint/secretlint-rule-preset-recommend',
  'ajv',
  'chokidar',
  'execa',
  'ollama',
  'openai',
  're2js',
  'undici',
  'yaml',
];

/** Modules of our own that few calls need, and that are as large: in `src/privacy`. */
const ownApart = ['search-closely'];

const apartFromStart = (found: Set<string>): Plugin => ({
  name: 'apart-from-start',
  setup(bundle) {
    bundle.onResolve({ filter: new RegExp(`^(${apart.join('|')})(/|$)`) }, ({ path }) => {
      found.add(path);
      return { path, namespace: 'apart' };
    });
    for (const name of ownApart)
      bundle.onResolve({ filter: new RegExp(`/${name}\\.ts$`) }, () => ({
        path: `./${name}.cjs`,
        external: true,
      }));
    // Imported without this step between, the default export of an ES module would be the whole module.
    bundle.onLoad({ filter: /./, namespace: 'apart' }, ({ path }) => {
      const file = JSON.stringify(`./${fileOf(path)}.cjs`);
      return { contents: `export * from ${file}; export { default } from ${file};` };
    });
    bundle.onResolve({ filter: /./, namespace: 'apart' }, ({ path }) => ({ path, external: true }));
  },
});

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22.22',
  minifySyntax: true,
  // Reading the file is a good part of a short command; DEBUG=koubou shows its stack in short names.
  minifyIdentifiers: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  define: {
    'import.meta.url': 'importMetaUrl',
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
  },
  banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
};

function fileOf(specifier: string): string {
  return specifier.replaceAll('/', '-').replace(/\.js$/, '');
}

/** Bundles every command found in a folder, with the rest of the command line from `source`. Answers with what is in it. */
export async function buildCommandLine(
  commandsFolder: string,
  outdir: string,
  source = join(root, 'src'),
): Promise<string[]> {
  const commands = await findCommands(commandsFolder);
  const pjson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const found = new Set<string>();
  const main = await build({
    ...common,
    stdin: {
      contents: startSource(commands, pjson, join(source, 'cli', 'main.ts')),
      resolveDir: root,
      sourcefile: 'start.ts',
      loader: 'ts',
    },
    // Without this, `import()` would go through the loader for ES modules, which takes longer to start
    // than a short command runs.
    supported: { 'dynamic-import': false },
    plugins: [apartFromStart(found), lightOclif],
    outfile: join(outdir, 'main.cjs'),
  });
  // What is judged is judged in a process of its own (src/judge/judge.ts), beside the one file.
  const judge = await build({
    ...common,
    entryPoints: { 'judge-process': join(source, 'judge', 'judge-process.ts') },
    supported: { 'dynamic-import': false },
    plugins: [apartFromStart(found)],
    outdir,
    outExtension: { '.js': '.cjs' },
  });
  const own = await build({
    ...common,
    entryPoints: ownApart.map((name) => ({ in: join(source, 'privacy', `${name}.ts`), out: name })),
    outdir,
    outExtension: { '.js': '.cjs' },
  });
  const packages = await build({
    ...common,
    entryPoints: [...found].map((name) => ({ in: name, out: fileOf(name) })),
    outdir,
    outExtension: { '.js': '.cjs' },
  });
  await markWithHash(outdir);
  return [main, judge, own, packages].flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
}

/** By its first line bin/load.js knows whether a code cache was made of this very file. */
async function markWithHash(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const content = await readFile(join(folder, name));
    const hash = createHash('sha256').update(content).digest('hex');
    await writeFile(join(folder, name), Buffer.concat([Buffer.from(`// ${hash}\n`), content]));
  }
}
