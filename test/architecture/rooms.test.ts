/** The READMEs of src: every folder is named in one, what they name exists, and the imports they state are those that are held. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { EVERYWHERE, LAYERS } from './layers.ts';

const repository = join(import.meta.dirname, '../..');
const src = join(repository, 'src');

interface Tree {
  /** Paths of files, below src. */
  files: readonly string[];
  /** By the path below src. */
  readmes: ReadonlyMap<string, string>;
  /** Below the repository: what a README may name outside of src. */
  exists: (path: string) => boolean;
}

const parents = (path: string): string[] => {
  const folder = posix.dirname(path);
  return folder === '.' ? [] : [folder, ...parents(folder)];
};

const foldersOf = ({ files }: Tree): string[] => [...new Set(files.flatMap(parents))].toSorted();

const namesFolder = (readme: string, folder: string): boolean => readme.includes(`\`${folder}/`);

/** What is named in backticks and is a source file or a folder by its form: `x.ts`, `room/`, `room/x.ts`. */
const namedIn = (readme: string): string[] =>
  [...readme.matchAll(/`((?:[\w.-]+\/)*[\w.-]+(?:\.ts|\/))`/g)].map(([, name = '']) => name);

const importLine = (folder: string, folders: readonly string[]): string => {
  const known = (LAYERS[folder] ?? []).filter((each) => each.endsWith('.ts') || folders.includes(each));
  const names = known.map((each) => `\`${each}\``).join(', ');
  const always = EVERYWHERE.filter((each) => each !== folder).map((each) => `\`${each}\``);
  return names === ''
    ? `May import: only ${always.join(' and ')}.`
    : `May import: ${names} (and ${always.join(', ')}, as every folder).`;
};

const IMPORT_LINE = /^May import: .*$/m;

const faults = (tree: Tree): string[] => {
  const folders = foldersOf(tree);
  const readme = (folder: string): string => tree.readmes.get(posix.join(folder, 'README.md')) ?? '';
  const unnamed = folders.filter((folder) => {
    const above = posix.dirname(folder);
    const isTop = above === '.';
    return !namesFolder(readme(above), posix.basename(folder)) && (isTop || readme(folder) === '');
  });
  const gone = [...tree.readmes].flatMap(([path, text]) => {
    const folder = posix.dirname(path);
    const known = new Set([...tree.files, ...tree.readmes.keys(), ...folders.map((each) => `${each}/`)]);
    const isThere = (name: string): boolean =>
      known.has(posix.join(folder, name)) || known.has(name) || tree.exists(name);
    // Deeper down, folders that are named are mostly those of a home.
    const isOpened = path.split('/').length <= 2;
    return namedIn(text)
      .filter((name) => isOpened || name.endsWith('.ts'))
      .filter((name) => !isThere(name))
      .map((name) => `${path} names ${name}, which does not exist`);
  });
  const imports = folders
    .filter((folder) => !folder.includes('/'))
    .flatMap((folder) => {
      const line = importLine(folder, folders);
      return readme(folder).includes(`\n${line}\n`) ? [] : [`${folder}/README.md does not say: ${line}`];
    });
  return [...unnamed.map((folder) => `no README names ${folder}`), ...gone, ...imports];
};

const rowsOf = (readme: string): string[] =>
  [...readme.matchAll(/^\| `([^`]+?)\/?` \|/gm)].map(([, name = '']) => name);

/** Rows that stand above what imports them. */
const climbing = (rows: readonly string[]): string[] =>
  rows.flatMap((name, at) =>
    (LAYERS[name] ?? [])
      .filter((each) => rows.indexOf(each) < at && rows.includes(each))
      .map((each) => `${name} stands below ${each}`),
  );

const names = readdirSync(src, { recursive: true, encoding: 'utf8' });
const read = (): Tree => ({
  files: names.filter((name) => name.endsWith('.ts')),
  readmes: new Map(
    names
      .filter((name) => name.endsWith('README.md'))
      .map((name) => [name, readFileSync(join(src, name), 'utf8')]),
  ),
  exists: (path) => existsSync(join(repository, path)),
});

describe('the READMEs of src', () => {
  let tree: Tree;
  let rows: string[];

  before(() => {
    tree = read();
    rows = rowsOf(tree.readmes.get('README.md') ?? '');
    if (process.env['UPDATE_SNAPSHOT'] !== '1') return;
    const folders = foldersOf(tree);
    for (const folder of folders.filter((each) => !each.includes('/'))) {
      const path = join(src, folder, 'README.md');
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace(IMPORT_LINE, importLine(folder, folders)));
    }
    tree = read();
  });

  it('name every folder and only what exists, and state the imports that are held', () => {
    assert.ok(foldersOf(tree).length > 50);
    assert.deepEqual(faults(tree), [], 'UPDATE_SNAPSHOT=1 writes the lines on imports anew');
  });

  it('list the folders of src so that each imports only what stands below it', () => {
    assert.deepEqual(
      rows.toSorted(),
      [...new Set(tree.files.map((file) => file.split('/')[0] ?? ''))].toSorted(),
    );
    assert.deepEqual(climbing(rows), []);
  });

  it('have at most 20 lines where a README opens a folder of src', () => {
    const long = [...tree.readmes].filter(
      ([path, text]) => path.split('/').length === 2 && text.split('\n').length > 21,
    );
    assert.deepEqual(
      long.map(([path]) => path),
      [],
    );
  });

  const without = (path: string, from: string | RegExp, to: string): Tree => {
    const text = tree.readmes.get(path) ?? '';
    assert.notEqual(text.replace(from, to), text, `${path} has no ${from}`);
    return { ...tree, readmes: new Map([...tree.readmes, [path, text.replace(from, to)]]) };
  };

  const planted: [name: string, wrong: () => Tree, told: RegExp][] = [
    [
      'a folder of src that no table names',
      () => ({ ...tree, files: [...tree.files, 'utils/x.ts'] }),
      /^no README names utils$|^utils\/README.md does not say/,
    ],
    [
      'a room that nobody names',
      () => ({ ...tree, files: [...tree.files, 'runner/ssh/ssh.ts'] }),
      /^no README names runner\/ssh$/,
    ],
    [
      'a room deep within',
      () => ({ ...tree, files: [...tree.files, 'queue/files/new/x.ts'] }),
      /^no README names queue\/files\/new$/,
    ],
    [
      'a row that was taken away',
      () => without('worker/README.md', /^\| `workspace\/`.*\n/m, ''),
      /^no README names worker\/workspace$/,
    ],
    [
      'a file that was renamed',
      () => ({ ...tree, files: tree.files.filter((file) => file !== 'route/plan.ts') }),
      /names (route\/)?plan\.ts/,
    ],
    [
      'a room that is gone',
      () => without('runner/README.md', '`markup/`', '`marks/`'),
      /names marks\/, which does not exist|no README names runner\/markup/,
    ],
    [
      'an import that is not held',
      () => without('task/README.md', '`text`', '`text`, `queue`'),
      /^task\/README.md does not say: May import: `text`/,
    ],
    [
      'a line on imports that is missing',
      () => without('judge/README.md', IMPORT_LINE, ''),
      /^judge\/README.md does not say/,
    ],
  ];
  for (const [name, wrong, told] of planted)
    it(`would be told of: ${name}`, () => {
      const found = faults(wrong());
      assert.notDeepEqual(found, []);
      for (const each of found) assert.match(each, told);
    });

  it('would be told of: an order that imports contradict', () => {
    assert.deepEqual(climbing(['queue', 'worker']), ['worker stands below queue']);
  });
});
