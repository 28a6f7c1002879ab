/** git writes objects, branches and logs through links that lie in the place of its folders, wherever they lead. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuseLinkedFolders } from '../../src/git/repository/linked-folders.ts';
import { put, Repository, shell } from '../support/git/repository.ts';

/** Every folder for objects that is not there yet. */
const OBJECTS = `for a in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do for b in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do
  [ -e .git/objects/$a$b ] || ln -s "$AWAY" .git/objects/$a$b; done; done`;
const moved = (name: string): string =>
  `mkdir -p .git/${name}; mv .git/${name} "$AWAY/x"; ln -s "$AWAY/x" .git/${name}`;

const LINKS: [name: string, script: string][] = [
  ['objects', OBJECTS],
  ['the branch', 'rm -rf .git/refs/heads/koubou; ln -s "$AWAY" .git/refs/heads/koubou'],
  [
    'the log of the branch',
    'mkdir -p .git/logs/refs/heads; rm -rf .git/logs/refs/heads/koubou; ln -s "$AWAY" .git/logs/refs/heads/koubou',
  ],
  ...['objects', 'refs', 'logs', 'refs/heads', 'logs/refs', 'logs/refs/heads'].map(
    (name): [string, string] => [`all that lies in ${name}`, moved(name)],
  ),
];

describe('a link in the place of a folder that git writes to', () => {
  let repository: Repository;
  let away: string;

  beforeEach(async () => {
    repository = await Repository.make();
    away = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-away-')));
  });
  afterEach(async () => {
    await repository.remove();
    rmSync(away, { recursive: true, force: true });
  });

  const act = (script: string): string => shell(repository.folder, `AWAY='${away}'; ${script}`);
  const lying = (): string[] => readdirSync(away, { recursive: true }).map(String).sort();

  for (const [name, script] of LINKS) {
    for (const when of ['brought by the repository', 'put there while a task is at work']) {
      it(`has nothing of koubou's written through it: that of ${name}, ${when}`, async () => {
        let before: string[] = [];
        const plant = (): void => {
          act(script);
          before = lying();
        };
        if (when.startsWith('brought')) plant();
        const { status, result } = await repository.ran((cwd) => {
          put('new.txt', 'new\n')(cwd);
          if (!when.startsWith('brought')) plant();
        });
        assert.equal(status, 'failed');
        assert.match(`${result?.error?.message}`, /\.git\/.* is a link to .*git would write there/);
        assert.deepEqual(lying(), before);
      });
    }
  }

  it('leads no record of a worktree into another repository, also where git itself makes it', async () => {
    shell(away, `git clone -q '${repository.folder}' other && git -C other worktree add -q ../tree`);
    for (const setting of ['git config extensions.worktreeConfig true', 'true']) {
      act(`${setting}; rm -rf .git/worktrees; ln -s "$AWAY/other/.git/worktrees" .git/worktrees`);
      const before = lying();
      const { status, result } = await repository.ran(put('new.txt', 'new\n'));
      assert.equal(status, 'failed');
      assert.match(`${result?.error?.message}`, /\.git\/worktrees is a link/);
      assert.deepEqual(lying(), before);
    }
  });

  it('is refused no honest repository: of git-new-workdir, with alternates, whose .git is a link or a file', async () => {
    shell(away, 'git init -q lib');
    const honest = [
      `mv .git "$AWAY/main.git"; mkdir .git; for n in config refs logs objects info hooks packed-refs; do ln -s "$AWAY/main.git/$n" .git/$n; done; mkdir -p "$AWAY/main.git/logs"; cp "$AWAY/main.git/HEAD" "$AWAY/main.git/index" .git`,
      'echo "$AWAY/lib/.git/objects" >.git/objects/info/alternates',
      'mv .git "$AWAY/linked"; ln -s "$AWAY/linked" .git',
      'rm .git; mv "$AWAY/linked" "$AWAY/named"; git -C "$AWAY" config -f named/config core.worktree "$PWD"; echo "gitdir: $AWAY/named" >.git',
    ];
    for (const [nth, script] of honest.entries()) {
      act(script);
      await repository.done(put('new.txt', `${nth}\n`));
      if (nth === 0) act('rm -r .git; mv "$AWAY/main.git" .git');
    }
  });

  it('is told of by its path, also where it leads into a folder that only has the name', async () => {
    mkdirSync(join(away, 'objects'));
    writeFileSync(join(away, 'HEAD'), '');
    act('rm -rf .git/objects; ln -s "$AWAY/objects" .git/objects');
    const path = join(repository.folder, '.git', 'objects');
    await assert.rejects(refuseLinkedFolders(join(repository.folder, '.git')), {
      code: 'conflict',
      message: `${path} is a link to ${away}/objects, and git would write there what belongs into the repository.`,
    });
  });
});
