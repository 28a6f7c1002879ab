/**
 * The user's git, run at the top of a work tree, enters repositories below it and runs what their settings say. Each attack
 * is tried twice: by a run of koubou, after which no git at the top falls for it, and without koubou, where it has to.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { confinedExecutor } from '../../src/executor/confine.ts';
import type { Executor } from '../../src/executor/executor.ts';
import { localExecutor } from '../../src/executor/local.ts';
import { missingSubmodules } from '../../src/executor/repositories/missing-submodules.ts';
import { isHarmless } from '../../src/git/repository/armed-repository.ts';
import { gitlinksIn } from '../../src/git/repository/gitlinks.ts';
import type { TaskRecord } from '../../src/task/record.ts';
import { judgeNested, NestedRepositories } from '../../src/verify/nested.ts';
import { put, Repository, shell } from '../support/git/repository.ts';
import { bubblewrap, pathWith } from '../support/koubou/bubblewrap.ts';
import { leaseFor } from '../support/lease.ts';

const GIT = 'git -c user.name=t -c user.email=t@t -c core.fsmonitor=false';
/** A repository with a commit, in `sub`. */
const MAKE = `mkdir -p sub; git init -q sub; ${GIT} -C sub commit -q --allow-empty -m x`;
const linkOf = (at: string): string =>
  `git update-index --add --cacheinfo "160000,$(${GIT} -C "${at}" rev-parse HEAD),${at}"`;
const LINK = linkOf('sub');
/** In an index that another repository may take. */
const LINK_APART = LINK.replace('git update-index', 'GIT_INDEX_FILE=$PWD/index git update-index');
const armOf = (at: string): string => `git -C ${at} config core.fsmonitor "$TRAP"`;
const ARM = armOf('sub');
/** git asks a hook of an index that it has to bring up to date. */
const HOOK = [
  `echo x >sub/f; ${GIT} -C sub add f; ${GIT} -C sub commit -qm f; touch -d '1 hour ago' sub/f`,
  'mkdir -p sub/.git/hooks; cp "$TRAP" sub/.git/hooks/post-index-change',
].join('; ');

const forge = (...words: string[]): string =>
  `'${process.execPath}' '${join(import.meta.dirname, 'forge-index.ts')}' ${words.map((word) => `"${word}"`).join(' ')}`;
/** Below packages, at a gitlink of a harmless one. */
const IN_TWO = `for at in vendor vendor/node_modules/x; do git init -q $at; ${GIT} -C $at commit -q --allow-empty -m x; done; git -C vendor update-index --add --cacheinfo "160000,$(${GIT} -C vendor/node_modules/x rev-parse HEAD),node_modules/x"; ${linkOf('vendor')}; ${armOf('vendor/node_modules/x')}`;

const ATTACKS: [name: string, script: string, told?: RegExp][] = [
  ['at a gitlink that it puts into the index', `${MAKE}; ${LINK}; ${ARM}`],
  ['of which the next `git add` makes a gitlink', `${MAKE}; ${ARM}`],
  ['at a gitlink of its commit', `${MAKE}; ${LINK}; ${ARM}; ${GIT} commit -qm sub`],
  [
    'whose .git is a file that leads elsewhere',
    `${MAKE}; ${LINK}; ${ARM}; mv sub/.git data; echo 'gitdir: ../data' >sub/.git`,
  ],
  ['whose .git is a link', `${MAKE}; ${LINK}; ${ARM}; mv sub/.git data; ln -s ../data sub/.git`],
  [
    'that takes its settings from elsewhere',
    `${MAKE}; ${LINK}; cp -r sub/.git data; git config -f data/config core.fsmonitor "$TRAP"; echo ../../data >sub/.git/commondir`,
  ],
  [
    'that includes settings',
    `${MAKE}; ${LINK}; git config -f data core.fsmonitor "$TRAP"; git -C sub config include.path ../../data`,
  ],
  ['with a hook', `${MAKE}; ${HOOK}; ${LINK}`],
  ['with hooks in a folder that cannot be read', `${MAKE}; ${HOOK}; ${LINK}; chmod 111 sub/.git/hooks`],
  [
    'within another one that is harmless',
    `${MAKE}; ${LINK}; mkdir -p sub/deep; git init -q sub/deep; ${GIT} -C sub/deep commit -q --allow-empty -m y; ${GIT} -C sub update-index --add --cacheinfo 160000,$(git -C sub/deep rev-parse HEAD),deep; ${armOf('sub/deep')}`,
    /: sub\/deep\./,
  ],
  [
    'among packages',
    `${MAKE}; mkdir node_modules; mv sub node_modules/x; ${linkOf('node_modules/x')}; ${armOf('node_modules/x')}`,
    /: node_modules\/x\./,
  ],
  [
    'among packages, at a gitlink of a harmless one there',
    `${MAKE}; mkdir node_modules; mv sub node_modules/a; cd node_modules/a; ${MAKE}; ${LINK}; cd ../..; ${linkOf('node_modules/a')}; ${armOf('node_modules/a/sub')}`,
    /: node_modules\/a\/sub\./,
  ],
  [
    'at a gitlink that stands in the place of a file in an index of two parts',
    `mkdir node_modules; echo >node_modules/x; git add -f node_modules/x; git update-index --split-index; rm node_modules/x; ${MAKE}; mv sub node_modules/x; git -c core.splitIndex=true update-index --cacheinfo "160000,$(${GIT} -C node_modules/x rev-parse HEAD),node_modules/x"; ${armOf('node_modules/x')}`,
    /: node_modules\/x\./,
  ],
  [
    'whose gitlink has a name that git itself would not give it',
    `${MAKE}; mkdir node_modules; mv sub node_modules/x; ${linkOf('node_modules/x')}; LC_ALL=C sed -i 's,node_modules/x,node_modules//,' .git/index; mv node_modules/x x; rmdir node_modules; mv x node_modules; ${armOf('node_modules')}`,
    /: node_modules\./,
  ],
  [
    'at a gitlink of one that names another work tree',
    `${MAKE}; mkdir -p node_modules/c; mv sub node_modules/c; cd node_modules/c; ${LINK_APART}; cd ../..; git init -q node_modules/a; cd node_modules/a; ${GIT} commit -q --allow-empty -m x; cp ../c/index .git/index; cd ../..; git -C node_modules/a config core.worktree ../../c; ${linkOf('node_modules/a')}; ${armOf('node_modules/c/sub')}`,
    /: node_modules\/a, /,
  ],
  [
    'in a folder whose name is no text',
    `${MAKE}; ${ARM}; n=$(printf 'odd\\377'); mv sub "$n"; ${linkOf('$n')}`,
    /: odd/,
  ],
  [
    'whose settings say otherwise how long the entries are',
    `${IN_TWO}; echo '# objectformat = sha256' >>vendor/.git/config`,
    /x\./,
  ],
  [
    'of whose index a half is a link',
    `${IN_TWO}; git -C vendor update-index --split-index; for f in vendor/.git/sharedindex.*; do mv $f vendor/half; ln -s ../half $f; done`,
    /x\./,
  ],
  ['whose index is a hole for the most part', `${IN_TWO}; ${forge('grow', 'vendor/.git/index')}`, /x\./],
  [
    'whose index has a whole folder as one entry',
    `git init -q vendor; git init -q vendor/node_modules/x; ${GIT} -C vendor/node_modules/x commit -q --allow-empty -m x; cd vendor; echo o >other; git add other; ${linkOf('node_modules/x')}; ${GIT} commit -qm x; git config core.sparseCheckout true; mkdir -p .git/info; echo other >.git/info/sparse-checkout; ${forge('sparse', '.git/index', '$(git rev-parse HEAD:node_modules)')}; cd ..; ${linkOf('vendor')}; ${armOf('vendor/node_modules/x')}`,
    /x\./,
  ],
  [
    'that only the table of offsets of an index leads to',
    `${MAKE}; mkdir node_modules; mv sub node_modules/x; git hash-object -w --stdin </dev/null >/dev/null; git config index.threads 3; ${forge('table', '.git/index', 'node_modules/x', '$(git -C node_modules/x rev-parse HEAD)')}; ${armOf('node_modules/x')}`,
    /x\./,
  ],
  ['in a folder that it closed', `${MAKE}; ${LINK}; ${ARM}; chmod 555 sub`],
];

describe('a repository that a run makes below the folder', function () {
  this.timeout(120_000);
  let repository: Repository;
  let folder: string;
  let outside: string;
  let marker: string;
  let trap: string;

  beforeEach(async () => {
    repository = await Repository.make();
    ({ folder } = repository);
    rmSync(join(folder, 'sub'), { recursive: true });
    repository.commit('no folder');
    outside = await realpath(await mkdtemp(join(tmpdir(), 'koubou-outside-')));
    marker = join(outside, 'marker');
    trap = join(outside, 'trap');
    writeFileSync(trap, `#!/bin/sh\n: >'${marker}'\nexit 1\n`);
    chmodSync(trap, 0o755);
  });
  afterEach(async () => {
    shell(folder, 'chmod -R u+rwx .');
    await repository.remove();
    await rm(outside, { recursive: true, force: true });
  });

  const plain = { options: { retries: 0, worktree: false } };
  const act = (cwd: string, script: string): string => shell(cwd, `TRAP='${trap}'; ${script}`);
  const ran = (script: string, over = {}): Promise<TaskRecord> =>
    repository.ran(
      (cwd) => {
        put('new.txt', 'new\n')(cwd);
        act(cwd, script);
      },
      { ...plain, ...over },
    );
  const refused = ({ status, result }: TaskRecord, told: RegExp): void => {
    assert.equal(status, 'failed');
    assert.equal(result?.error?.code, 'nested_repository', result?.error?.message);
    assert.match(result?.error?.message ?? '', told);
  };
  /** What people type at the top. */
  const fires = (cwd = folder): boolean => {
    rmSync(marker, { force: true });
    for (const command of ['git status', 'git diff', 'git diff --submodule=diff', 'git add -A; git status'])
      shell(cwd, `{ ${command}; } >/dev/null 2>&1 </dev/null || true`);
    return existsSync(marker);
  };
  const reset = (): void => {
    shell(
      folder,
      'chmod -R u+rwx .; find . -mindepth 1 -maxdepth 1 ! -name .git ! -name home -exec rm -rf {} +',
    );
    shell(folder, 'git reset -q --hard');
  };

  for (const [name, script, told = /: sub\./] of ATTACKS) {
    it(`runs nothing at the top: one ${name}`, async () => {
      const base = repository.git('rev-parse', 'HEAD').trim();
      const record = await ran(script);
      refused(record, told);
      assert.match(await repository.logOf(record.task_id), /set aside the repositories/);
      assert.equal(fires(), false);
      repository.git('update-ref', 'refs/heads/main', base);
      reset();
      act(folder, script);
      assert.equal(fires(), true, 'the test would not notice it');
    });
  }

  it('may lie in a folder that was closed: where one came to be, the run has failed', () => {
    const open = join(outside, 'open');
    shell(
      outside,
      `chmod 755 .; mkdir -p open/closed/sub; git init -q open/closed/sub; chmod 700 open/closed`,
    );
    const look = `import('${new URL('../../src/git/repository/nested-git.ts', import.meta.url).href}').then(({ nestedGit }) => nestedGit('${open}')).then((found) => console.log(JSON.stringify(found)))`;
    // The owner of the machine may read everything.
    const other = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, '-e', look];
    const said = process.getuid?.() === 0 ? execFileSync('setpriv', other, { encoding: 'utf8' }) : undefined;
    if (said === undefined) shell(outside, 'chmod 000 open/closed');
    const { closed, whole } = JSON.parse(
      said ?? execFileSync(process.execPath, ['-e', look], { encoding: 'utf8' }),
    );
    assert.deepEqual([closed, whole], [[join(open, 'closed')], true]);
    assert.equal(judgeNested({ names: [], stuck: [], hides: true })?.error.code, 'nested_repository');
  });

  it('is entered neither by a check with the rights of the user, nor after a run that failed for another reason', async () => {
    const script = `${MAKE}; ${LINK}; ${ARM}`;
    const check = { options: { retries: 0, worktree: false, check: 'git status', check_outside: true } };
    refused(await ran(script, check), /sub/);
    assert.equal(existsSync(marker), false);
    reset();
    const { status, result } = await ran(`${script}; exit 3`);
    assert.equal(status, 'failed');
    assert.notEqual(result?.error?.code, 'nested_repository');
    assert.equal(fires(), false);
  });

  it('is set aside where the check made it', async () => {
    const check = `TRAP='${trap}'; ${MAKE}; ${LINK}; ${ARM}`;
    refused(await ran('true', { options: { retries: 0, worktree: false, check } }), /: sub\./);
    assert.equal(fires(), false);
  });

  it('is set aside in a worktree, and where the folder itself becomes one', async () => {
    refused(await ran(`${MAKE}; ${LINK}; ${ARM}`, { options: { retries: 0, worktree: true } }), /: sub\./);
    const cwd = join(outside, 'plain');
    mkdirSync(cwd);
    const script = 'git init -q; git config core.fsmonitor "$TRAP"';
    refused(await ran(script, { cwd, ...plain }), /plain\./);
    assert.equal(fires(cwd), false);
    act(cwd, script);
    assert.equal(fires(cwd), true);
  });

  it('is set aside below the folder of the work alone, or in all that a run in a sandbox may write to', async () => {
    const script = `${MAKE}; ${LINK}; ${ARM}`;
    const cwd = join(folder, 'work');
    mkdirSync(cwd);
    for (const writes of [false, true]) {
      const home = join(folder, 'home');
      const nested = await NestedRepositories.begin(cwd, { home, writesTo: () => writes });
      act(folder, script);
      act(cwd, script);
      assert.deepEqual(await nested.setAside(), {
        names: writes ? [join(folder, 'sub'), 'sub'] : ['sub'],
        stuck: [],
        hides: false,
      });
      assert.equal(existsSync(join(folder, 'sub', '.git')), !writes);
      shell(folder, 'rm -rf sub work/sub');
    }
  });

  it('has its settings, hooks and objects still, where the words of the error say', async () => {
    const { result } = await ran(`${MAKE}; ${LINK}; ${ARM}`);
    assert.match(
      result?.error?.hint ?? '',
      /Its \.git is called \.git\.koubou-aside-.*git submodule update --init/,
    );
    assert.match(shell(folder, 'cat sub/.git.koubou-aside-*/config'), /fsmonitor/);
    shell(folder, `mv sub/.git.koubou-aside-* sub/.git && ${GIT} -C sub fsck`);
  });

  it('stays where git runs nothing of it, as after init, clone and submodule add, and where it was there before', async () => {
    shell(outside, `git init -q lib && ${GIT} -C lib commit -q --allow-empty -m x`);
    const honest = [
      `${MAKE}; ${LINK}`,
      `git clone -q '${outside}/lib' sub && git -C sub switch -qc work && git -C sub config user.name me`,
      `git -c protocol.file.allow=always submodule --quiet add '${outside}/lib' sub`,
      'git worktree add -q --detach sub',
    ];
    for (const script of honest) {
      const { status, result } = await ran(`${script}; echo ${honest.indexOf(script)} >new.txt`);
      assert.equal(status, 'completed', `${script}: ${result?.error?.message}`);
      assert.ok(existsSync(join(folder, 'sub', '.git')));
      shell(folder, 'git worktree prune');
      reset();
      shell(folder, 'rm -rf .git/modules .git/worktrees');
    }
    // In one of the user's own, a program of theirs runs.
    act(folder, `${MAKE}; ${LINK}; ${ARM}`);
    const { status, result } = await ran(`${GIT} -C sub commit -q --allow-empty -m y`);
    assert.equal(status, 'completed', result?.error?.message);
    assert.equal(fires(), true);
  });

  /** Makes `sub` at a path of so many letters from the top, step by step as it can be longer than a call takes. */
  const deepen = (letters: number): string => {
    const steps = `const fs = require("node:fs"); const left = ${letters} - 4;
      const names = Array.from({ length: Math.ceil(left / 200) }, (_, n) => "d".repeat(Math.min(199, left - n * 200 - 1) || 1));
      let at = fs.openSync(".", 0);
      for (const name of names) { const path = "/proc/self/fd/" + at + "/" + name; fs.mkdirSync(path); at = fs.openSync(path, 0); }
      fs.renameSync("sub", "/proc/self/fd/" + at + "/sub");
      console.log(names.join("/") + "/sub");`;
    return `'${process.execPath}' -e '${steps}'`;
  };

  for (const letters of [3600, 4060]) {
    it(`is set aside at a path of ${letters} letters, which git enters from the top`, async () => {
      const script = `${MAKE}; ${ARM}; commit=$(git -C sub rev-parse HEAD); at=$(${deepen(letters)}); git update-index --add --cacheinfo "160000,$commit,$at"`;
      refused(await ran(script), /sub\./);
      assert.equal(fires(), false);
      reset();
      act(folder, script);
      assert.equal(fires(), true, 'the test would not notice it');
    });
  }

  it('is set aside by a name that it cannot have taken before', async () => {
    const taken = Array.from({ length: 3000 }, (_, n) => Date.now() + n);
    const take = `cd sub; mkdir -p ${taken.map((ms) => `.git.koubou-aside-${ms}/x`).join(' ')}; cd ..`;
    refused(await ran(`${MAKE}; ${LINK}; ${ARM}; ${take}`), /: sub\./);
    assert.equal(fires(), false);
  });

  it('is set aside beside one that cannot be, whose settings are a hole, or whose name is too long', async () => {
    const decoy = 'mkdir a; git init -q a; truncate -s 700M a/.git/config';
    refused(await ran(`${decoy}; ${MAKE}; ${LINK}; ${ARM}`), /: a, sub\./);
    assert.equal(fires(), false);
  });

  it('is not hidden behind more folders than are looked through', async () => {
    const home = join(folder, 'home');
    const nested = await NestedRepositories.begin(folder, { home, writesTo: () => false, mostAfter: 100 });
    assert.deepEqual(await nested.setAside(), { names: [], stuck: [], hides: false });
    shell(folder, 'mkdir $(seq 100)');
    assert.deepEqual(await nested.setAside(), { names: [], stuck: [], hides: true });
    assert.equal(judgeNested({ names: [], stuck: [], hides: true })?.error.code, 'nested_repository');
  });

  it('is set aside where it was harmless and a later run arms it', async () => {
    act(folder, `${MAKE}; ${LINK}`);
    refused(await ran(ARM), /: sub\./);
    assert.equal(fires(), false);
  });

  describe('in the sandbox', () => {
    before(function () {
      if (bubblewrap() === null) this.skip();
    });

    const run = async (executor: Executor, script: string): Promise<void> => {
      const out = join(outside, 'out');
      const program = await executor.start({
        command: 'sh',
        args: ['-c', `TRAP='${trap}'; ${script}`],
        cwd: folder,
        environment: { PATH: process.env['PATH'] ?? '', HOME: outside },
        stdin: 'closed',
        stdoutPath: out,
        stderrPath: out,
        lease: leaseFor({ marker: `nested-${process.pid}/task.r1` }),
      });
      await program.ended;
    };

    it('cannot be made in the place of a submodule that is not checked out, nor by moving what lies around it', async () => {
      const statePath = join(outside, 'state');
      mkdirSync(statePath);
      const path = pathWith(join(outside, 'bin'));
      const sandbox = (): Promise<Executor> =>
        confinedExecutor(
          { cwd: folder, statePath, own: [], attached: [], staysLocal: true },
          {
            home: repository.rig.home.home,
            keys: [],
            environment: { PATH: path, HOME: outside },
            network: 'none',
            writes: 'folder',
          },
        );
      const id = repository.git('rev-parse', 'HEAD').trim();
      repository.git('update-index', '--add', '--cacheinfo', `160000,${id},lib/sub`);
      repository.git('commit', '-qm', 'a submodule');
      const plants = [
        `git init -q lib/sub; ${GIT} -C lib/sub commit -q --allow-empty -m x; ${armOf('lib/sub')}`,
        `mv lib old; mkdir -p lib/sub; git init -q lib/sub; ${GIT} -C lib/sub commit -q --allow-empty -m x; ${armOf('lib/sub')}`,
      ];
      for (const plant of plants) {
        mkdirSync(join(folder, 'lib', 'sub'), { recursive: true });
        await run(await sandbox(), plant);
        assert.equal(existsSync(join(folder, 'lib', 'sub', '.git')), false, plant);
        assert.equal(fires(), false);
        await run(localExecutor, plant);
        assert.equal(fires(), true, 'the test would not notice it');
        rmSync(join(folder, 'lib'), { recursive: true });
        rmSync(join(folder, 'old'), { recursive: true, force: true });
        repository.git('reset', '-q', '--hard');
      }
    });
  });

  it('is kept from the folder of a gitlink, also within a submodule, and from that of no forged name', async () => {
    const id = repository.git('rev-parse', 'HEAD').trim();
    const link = (path: string): string => `git update-index --add --cacheinfo 160000,${id},${path}`;
    shell(
      folder,
      `${MAKE}; ${LINK}; mkdir -p empty sub/inner node_modules/y; ${link('empty')}; ${link('gone')}; ${link('node_modules/y')}`,
    );
    shell(join(folder, 'sub'), link('inner'));
    const names = async (): Promise<string[]> =>
      (await missingSubmodules(folder, [join(folder, 'sub', '.git')])).map((path) =>
        path.slice(folder.length + 1),
      );
    assert.deepEqual(await names(), ['empty', 'node_modules/y', 'sub/inner']);
    const index = join(folder, '.git', 'index');
    const bytes = readFileSync(index);
    bytes.write('../ho', bytes.indexOf('empty'), 'latin1');
    writeFileSync(index, bytes);
    assert.deepEqual(await names(), ['node_modules/y', 'sub/inner']);
  });

  describe('its gitlink', () => {
    const links = (at: string, hashBytes = 20): string[] => {
      const read = (name: string): Buffer => readFileSync(join(at, '.git', name));
      const shared = readdirSync(join(at, '.git')).filter((name) => name.startsWith('sharedindex.'));
      return gitlinksIn(read('index'), hashBytes, shared.map(read)).sort();
    };
    const asGit = (at: string): string[] =>
      execFileSync('git', ['-C', at, 'ls-files', '-sz'], { encoding: 'latin1' })
        .split('\0')
        .filter((line) => line.startsWith('160000'))
        .map((line) => line.slice(line.indexOf('\t') + 1))
        .sort();

    for (const [name, format, script] of [
      ['of an index as git writes it', 'sha1', 'true'],
      ['of one of version 4', 'sha1', 'git update-index --index-version 4'],
      [
        'of one with entries that have more flags',
        'sha1',
        'echo >n; git add -N n; git update-index --skip-worktree f1',
      ],
      [
        'of one of version 4 with more flags',
        'sha1',
        'git update-index --index-version 4; echo >n; git add -N n',
      ],
      ['of one in two parts', 'sha1', 'git update-index --split-index'],
      ['of one with hashes of SHA-256', 'sha256', 'git update-index --index-version 4'],
    ] as const) {
      it(`is found as git finds it, ${name}`, () => {
        const at = join(outside, 'index');
        const id = (format === 'sha1' ? '1' : '2').repeat(format === 'sha1' ? 40 : 64);
        const add = ['a', 'deep/er/sub', 'deep/er/suburb', 'x'.repeat(300), 'z é'].map(
          (path) => `git update-index --add --cacheinfo '160000,${id},${path}'`,
        );
        shell(outside, `git init -q --object-format=${format} index`);
        shell(
          at,
          `for i in 1 2 3 4 5 6 7 8 9; do printf $i >f$i; done; git add .; ${add.join(';')}; ${script}`,
        );
        assert.equal(asGit(at).length, 5);
        assert.deepEqual(links(at, format === 'sha1' ? 20 : 32), asGit(at));
      });
    }

    it('is found in an index of version 2 that has flags of later ones, and names with another length than they say', () => {
      const at = join(outside, 'forged');
      shell(outside, 'git init -q forged');
      const entry = (name: string, flags: number, extended = ''): Buffer => {
        const head = Buffer.alloc(62);
        head.writeUInt32BE(0o160000, 24);
        head.fill(1, 40, 60);
        head.writeUInt16BE(flags, 60);
        const text = Buffer.from(`${extended}${name}`);
        const length = 62 + extended.length + (flags & 0xfff);
        return Buffer.concat([head, text, Buffer.alloc(8)], (length + 8) & ~7);
      };
      const header = Buffer.from('DIRC\0\0\0\x02\0\0\0\x03', 'latin1');
      const entries = [entry('a/b', 0x4003, '\0\0'), entry('b', 9), entry('c', 1)];
      const body = Buffer.concat([header, ...entries]);
      const hash = createHash('sha1').update(body).digest();
      writeFileSync(join(at, '.git', 'index'), Buffer.concat([body, hash]));
      assert.deepEqual(asGit(at), ['a/b', 'b', 'c']);
      assert.deepEqual(links(at), ['a/b', 'b', 'c']);
    });

    it('is none in what is no index, or is cut', () => {
      shell(folder, `${MAKE}; ${LINK}`);
      const bytes = readFileSync(join(folder, '.git', 'index'));
      assert.deepEqual(gitlinksIn(bytes, 20), ['sub']);
      for (let length = 0; length < 100; length += 1) gitlinksIn(bytes.subarray(0, length), 20);
      assert.deepEqual(gitlinksIn(Buffer.from('no index'), 20), []);
    });
  });

  it('is harmless with the settings that git writes, and with none that git could read otherwise', () => {
    const written =
      '[core]\n\tbare = false\n\tfilemode = true\n[remote "a b"]\n\turl = git@h:x.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n';
    assert.ok(isHarmless(''));
    assert.ok(isHarmless(`${written}# a note\n\n[user]\n\tname = "A B" ; me\n`));
    for (const line of [
      '[core]\n\tfsmonitor = x',
      '[core] fsmonitor = x',
      '[core]\n\tbare = \\\n[core]\n\tfsmonitor = x',
      '\tfsmonitor = x',
      '[CORE]\n\tFsMonitor = x',
      '[core "x"]\n\tfsmonitor = x',
      '[core.x]\n\tbare = x',
      '[remote "x]\n[core"]\n\tfsmonitor = x',
      '[remote "x"]\n\turl = ext::sh',
      '[remote "x"]\n\tuploadpack = x',
      '[include]\n\tpath = x',
      '[includeIf "gitdir:/"]\n\tpath = x',
      '[submodule "x"]\n\tupdate = !x',
      '\ufeff[core]\n\tfsmonitor = x',
      '[core]\r\n\tfsmonitor = x',
      '[filter "lfs"]\n\tprocess = x',
      '[__proto__]\n\tx = y',
    ])
      assert.equal(isHarmless(`${written}${line}\n`), false, JSON.stringify(line));
  });
});
