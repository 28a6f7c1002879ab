// Makes oclif light in the bundle. As shipped, its modules load each other whole at the start: spinners, help,
// the search for plugins, colours, child processes. A short command calls almost none of it, and that loading
// was half of its time. What is listed as lazy here is loaded at the first use of anything in it.

import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

const lib = join(dirname(import.meta.dirname), 'node_modules', '@oclif', 'core', 'lib');

/** What a koubou never needs: plugins are not looked for, and the platform's shell is not asked. */
const stubs: Record<string, string> = {
  debug: 'module.exports = () => () => {};',
  minimatch: 'exports.minimatch = () => false;',
  semver: 'exports.satisfies = () => true;',
  // Only sources have a tsconfig.json; the compiler is no part of what is shipped.
  typescript: 'module.exports = {};',
  tinyglobby: 'exports.glob = async () => [];',
  'wsl-utils': 'exports.isWsl = false; exports.powerShellPath = async () => "powershell.exe";',
};

const lazyPackages = new Set(
  [
    'ansi-escapes ansis clean-stack cli-spinners ejs get-package-type indent-string lilconfig string-width',
    'supports-color widest-line wordwrap wrap-ansi node:child_process node:fs/promises node:perf_hooks node:readline',
  ].flatMap((names) => names.split(' ')),
);

const lazyModules = new Set(
  'config/plugin config/ts-path errors/handle help/index module-loader parser/help screen ux/index ux/list'
    .split(' ')
    .map((name) => join(lib, `${name}.js`)),
);

/** Called, constructed or asked for a member, it becomes the module it stands for. */
const lazy = (specifier: string) => `
let real;
const load = () => real ??= require(${JSON.stringify(specifier)});
const callable = () => typeof load() === 'function' ? load() : load().default;
module.exports = new Proxy(function () {}, {
  get: (_, key) => key === '__esModule' ? ${specifier.startsWith(lib)} : load()[key] ?? load().default?.[key],
  apply: (_, self, args) => callable()(...args),
  construct: (_, args) => new (callable())(...args),
});`;

/** oclif touches stdout while it loads, which costs three milliseconds; src/cli/output.ts sees to its errors. */
const stdoutTouched = /^process\.stdout\.on\('error'[\s\S]*?^\}\);\n/m;

export const lightOclif: Plugin = {
  name: 'light-oclif',
  setup(bundle) {
    bundle.onResolve({ filter: /./, namespace: 'file' }, ({ path, importer }) => {
      if (!importer.startsWith(lib)) return undefined;
      if (Object.hasOwn(stubs, path)) return { path, namespace: 'stub' };
      if (lazyPackages.has(path)) return { path, namespace: 'lazy' };
      const file = path.startsWith('.') ? resolve(dirname(importer), path) : path;
      const found = [`${file}.js`, join(file, 'index.js')].find((module) => lazyModules.has(module));
      // esbuild writes the path into the bundle, and the bundle tells nothing of the machine that made it.
      return found === undefined
        ? undefined
        : { path: relative(lib, found), namespace: 'lazy', pluginData: found };
    });
    bundle.onLoad({ filter: /./, namespace: 'stub' }, ({ path }) => ({
      contents: stubs[path],
      loader: 'js',
    }));
    bundle.onLoad({ filter: /./, namespace: 'lazy' }, ({ path, pluginData }) => ({
      contents: lazy(typeof pluginData === 'string' ? pluginData : path),
      loader: 'js',
      resolveDir: lib,
    }));
    bundle.onLoad({ filter: /core[\\/]lib[\\/]command\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!stdoutTouched.test(source)) throw new Error(`${path}: no longer as build/oclif.ts expects it`);
      return { contents: source.replace(stdoutTouched, ''), loader: 'js' };
    });
  },
};
