// The command line is one CommonJS file: oclif as shipped loads 160 files, which costs more than everything
// else a short command does. Modules inside it are evaluated where they are first needed, so a command pays
// for what it imports and no more. The packages in `apart` are so large that even reading them in the one
// file would be felt: each gets a file of its own, loaded when it is used.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { findCommands, startSource } from './commands.ts';

const root = dirname(import.meta.dirname);

const apart = ['ajv', 'chokidar', 'execa', 'ollama', 'openai', 'proper-lockfile', 'undici', 'yaml'];

const apartFromStart = (found: Set<string>): Plugin => ({
  name: 'apart-from-start',
  setup(bundle) {
    bundle.onResolve({ filter: new RegExp(`^(${apart.join('|')})(/|$)`) }, ({ path }) => {
      found.add(path);
      return { path: `./${fileOf(path)}.cjs`, external: true };
    });
  },
});

const oclif = join(root, 'node_modules', '@oclif', 'core', 'lib');

/** What oclif loads at its start and a short command never calls. */
const stubs: Record<string, string> = {
  'wsl-utils': 'exports.isWsl = false; exports.powerShellPath = async () => "powershell.exe";',
  semver: 'exports.satisfies = () => true;',
  tinyglobby: 'exports.glob = async () => [];',
  minimatch: 'exports.minimatch = () => false;',
};

const oclifWithoutWeight: Plugin = {
  name: 'oclif-without-weight',
  setup(bundle) {
    bundle.onResolve({ filter: new RegExp(`^(${Object.keys(stubs).join('|')})$`) }, ({ path, importer }) =>
      importer.startsWith(oclif) ? { path, namespace: 'stub' } : undefined,
    );
    bundle.onLoad({ filter: /./, namespace: 'stub' }, ({ path }) => ({
      contents: stubs[path],
      loader: 'js',
    }));
  },
};

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22.22',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
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

/** Bundles every command found in a folder. */
export async function buildCommandLine(commandsFolder: string, outdir: string): Promise<void> {
  const commands = await findCommands(commandsFolder);
  const pjson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const found = new Set<string>();
  await build({
    ...common,
    stdin: { contents: startSource(commands, pjson), resolveDir: root, sourcefile: 'start.ts', loader: 'ts' },
    // Without this, `import()` would go through the loader for ES modules, which takes longer to start
    // than a short command runs.
    supported: { 'dynamic-import': false },
    plugins: [apartFromStart(found), oclifWithoutWeight],
    outfile: join(outdir, 'main.cjs'),
  });
  await build({
    ...common,
    entryPoints: [...found].map((name) => ({ in: name, out: fileOf(name) })),
    outdir,
    outExtension: { '.js': '.cjs' },
  });
}
