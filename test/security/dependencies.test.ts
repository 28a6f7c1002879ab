/** Principle 14: dependencies are few and named, run nothing when they are installed, and are those of the lock file. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildCommandLine } from '../../build/command-line.ts';

const root = dirname(dirname(import.meta.dirname));
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

interface Locked {
  integrity?: string;
  resolved?: string;
  hasInstallScript?: boolean;
  dev?: boolean;
  link?: boolean;
}
type Lock = Readonly<Record<string, Locked>>;

const lock = (JSON.parse(read('package-lock.json')) as { packages: Lock }).packages;
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
const page = read('docs', 'decisions', '0006-dependencies.md');

/** The first cells of the page's table. */
const namedOn = (text: string): string[] =>
  [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name).sort();

/** What a lock file should not hold. */
const faultsOf = (packages: Lock): string[] =>
  Object.entries(packages)
    .filter(([path]) => path !== '')
    .flatMap(([path, { integrity, resolved, hasInstallScript, dev, link }]) => [
      ...(link === true ? [`${path} is a link`] : []),
      ...(integrity?.startsWith('sha512-') ? [] : [`${path} has no integrity`]),
      ...(resolved === undefined ? [] : [`${path} has an address`]),
      ...(hasInstallScript === true && dev !== true ? [`${path} has an install script`] : []),
    ]);

/** `node_modules/a/node_modules/@b/c` of `node_modules/a/node_modules/@b/c/x.js`. */
const packageOf = (file: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file.replace(/^[a-z-]+:(?=node_modules)/, ''))?.[0];

const strangersIn = (files: readonly string[], packages: Lock): string[] =>
  [...new Set(files.flatMap((file) => packageOf(file) ?? []))].filter((path) => {
    const locked = packages[path];
    return locked === undefined || locked.dev === true || locked.integrity === undefined;
  });

describe('the dependencies', () => {
  it('are those that docs/decisions/0006 gives a reason for', () => {
    assert.deepEqual(namedOn(page), Object.keys(dependencies).sort());
    for (const line of page.split('\n').filter((each) => each.startsWith('| `'))) {
      const [, , what = '', why = '', release = '', script = ''] = line.split('|').map((cell) => cell.trim());
      assert.ok(
        what.length > 5 && why.length > 15 && /^\d{4}-\d\d$/.test(release) && script === 'none',
        line,
      );
    }
    assert.notDeepEqual(namedOn(page.replace(/^\| `ajv`.*$/m, '')), Object.keys(dependencies).sort());
  });

  it('have an integrity and no address in the lock file, and none runs anything when it is installed', () => {
    assert.deepEqual(faultsOf(lock), []);
    const [path = ''] = Object.keys(lock).filter((each) => each === 'node_modules/ajv');
    const planted: Locked[] = [
      {},
      { integrity: 'sha512-x', resolved: 'https://registry.example.com/ajv.tgz' },
      { integrity: 'sha512-x', hasInstallScript: true },
      { integrity: 'sha1-x' },
      { integrity: 'sha512-x', link: true },
    ];
    for (const each of planted) assert.equal(faultsOf({ ...lock, [path]: each }).length, 1);
  });

  it('are taken by ranges of the registry, not from addresses or folders', () => {
    for (const [name, range] of Object.entries(dependencies)) assert.match(range, /^\^\d+\.\d+\.\d+$/, name);
  });

  it('are all that is in the bundle, and each is in the lock file', async function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), 'koubou-inputs-'));
    try {
      const files = await buildCommandLine(join(root, 'src', 'commands'), folder);
      const packages = new Set(files.flatMap((file) => packageOf(file) ?? []));
      assert.ok(
        packages.has('node_modules/zod') && packages.has('node_modules/ajv'),
        [...packages].join(' '),
      );
      assert.deepEqual(strangersIn(files, lock), []);
      assert.deepEqual(strangersIn([...files, 'node_modules/left-pad/index.js'], lock), [
        'node_modules/left-pad',
      ]);
      assert.deepEqual(strangersIn(['node_modules/mocha/index.js'], lock), ['node_modules/mocha']);
      // Nothing from outside the repository either.
      assert.deepEqual(
        files.filter((file) => file.startsWith('..') || file.startsWith('/')),
        [],
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
