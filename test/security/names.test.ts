/**
 * Principle 2: names are resolved before the run, never after it. Each promise stands beside a planted fault: the same
 * attack on what has no guard, which has to succeed, or the test would find nothing.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { matchFiles } from '../../src/actions/delegate/attach.ts';
import { expandEach } from '../../src/actions/delegate/expand.ts';
import { withPlaces } from '../../src/actions/delegate/places.ts';
import { type ErrorCode, KoubouError } from '../../src/errors.ts';
import { writeClaudeSection } from '../../src/init/claude-section.ts';
import { openAttached } from '../../src/names/attached.ts';
import { Folder, openPlace } from '../../src/names/folder.ts';
import { openOwn, replaceOwn } from '../../src/names/own-file.ts';
import { Reserved } from '../../src/names/reserved.ts';
import { NameRefused, walk, whatChanged } from '../../src/names/walk.ts';
import { tryLock } from '../../src/process/lock.ts';
import { startDetached } from '../../src/process/programs/detach.ts';
import { AgentFiles } from '../../src/runner/agent/files.ts';
import { buildPrompt } from '../../src/runner/model/model-prompt.ts';
import { expectedPlaces, missingExpected } from '../../src/verify/expect.ts';
import { publishOutput } from '../../src/verify/publish.ts';
import { newTask } from '../support/builders.ts';
import { koubou } from '../support/koubou/koubou.ts';
import { Project } from '../support/koubou/project.ts';
import { leaseFor } from '../support/lease.ts';
import { buildMutant } from '../support/mutants/source.ts';
import { FakeRunner, Rig } from '../support/worker/rig.ts';

const text = (path: string): string => readFileSync(path, 'utf8');
const isRoot = process.geteuid?.() === 0;
const NOBODY = 65534;

const refuses = (code: ErrorCode) => (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof KoubouError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};
const refusesUse = refuses('usage');
/** What lies there now is against it. */
const refusesNow = refuses('conflict');

describe('names', () => {
  let top: string;
  let folder: string;
  let elsewhere: string;
  const at = (...names: string[]): string => join(folder, ...names);
  const put = (name: string, content = 'mine'): string => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
    return at(name);
  };

  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-names-')));
    folder = join(top, 'project');
    elsewhere = join(top, 'elsewhere');
    mkdirSync(folder);
    mkdirSync(elsewhere);
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  describe('a walk', () => {
    it('ends where the kernel ends, by way of links to files, folders, and what is not there yet', () => {
      put('real/a.md');
      symlinkSync('real', at('linked'));
      symlinkSync('../project/linked/a.md', at('chain'));
      for (const name of ['real/a.md', 'linked/a.md', 'chain', 'linked/../chain', 'linked//./a.md']) {
        assert.equal(walk(`${folder}/${name}`).end, realpathSync(`${folder}/${name}`), name);
      }
      symlinkSync('real/to/come.md', at('later'));
      assert.equal(walk(at('later')).end, at('real/to/come.md'));
      assert.equal(walk(at('none/../none/x')).end, at('none/x'));
    });

    it('goes up from where a link led, not from where it stands', () => {
      mkdirSync(join(elsewhere, 'deep'));
      symlinkSync(join(elsewhere, 'deep'), at('linked'));
      assert.equal(walk(`${folder}/linked/../x`).end, join(elsewhere, 'x'));
    });

    it('refuses links in a circle, a file as a folder, and what is too long', () => {
      symlinkSync('b', at('a'));
      symlinkSync('a', at('b'));
      put('file');
      assert.throws(() => walk(at('a')), NameRefused);
      assert.throws(() => walk(at('file/x')), /a part of its path is a file/);
      assert.throws(() => walk(at('x'.repeat(300))), /too long/);
    });

    it('follows no link of another user in a folder that all may write to, also as root', function () {
      if (!isRoot) return this.skip();
      const shared = join(top, 'shared');
      mkdirSync(shared);
      symlinkSync(folder, join(shared, 'theirs'));
      lchownSync(join(shared, 'theirs'), NOBODY, NOBODY);
      symlinkSync(folder, join(shared, 'mine'));
      for (const mode of ['1777', '0777', '0775']) {
        spawnSync('chmod', [mode, shared]);
        assert.throws(() => walk(join(shared, 'theirs')), /link of another user/, mode);
        assert.throws(() => walk(join(shared, 'theirs', 'deeper')), /link of another user/, mode);
        assert.equal(walk(join(shared, 'mine', 'x')).end, at('x'));
      }
      // Where nobody else could have put it, its owner is who it was given to.
      spawnSync('chmod', ['0755', shared]);
      assert.equal(walk(join(shared, 'theirs')).end, folder);
      // The planted fault: what koubou did before.
      assert.equal(realpathSync(join(shared, 'theirs')), folder);
    });

    it('says which part became something else', () => {
      put('out/a.md');
      symlinkSync('out', at('way'));
      assert.equal(whatChanged(at('way/a.md'), at('out/a.md')), undefined);
      rmSync(at('way'));
      symlinkSync(elsewhere, at('way'));
      assert.match(
        whatChanged(at('way/a.md'), at('out/a.md')) ?? '',
        /project\/way leads to .*elsewhere now/,
      );
      renameSync(at('out'), at('out2'));
      symlinkSync(elsewhere, at('out'));
      assert.match(whatChanged(at('out/a.md'), at('out/a.md')) ?? '', /project\/out has become a link/);
    });
  });

  describe('--output', () => {
    let candidate: string;
    const first = { id: 'task_1', run: 1 };
    beforeEach(() => {
      candidate = join(top, 'candidate');
      writeFileSync(candidate, 'words of a model');
    });

    const swapFolder = (): void => {
      renameSync(at('out'), at('out2'));
      symlinkSync(elsewhere, at('out'));
    };

    it('stays out of a folder that was swapped for a link since the task was added', async () => {
      put('out/a.md');
      const { places = {} } =
        withPlaces([newTask({ options: { output: at('out/a.md') } })], () => ({
          homes: { places: [at('.koubou')] },
        }))[0] ?? {};
      swapFolder();
      const place = places[at('out/a.md')];
      await assert.rejects(
        publishOutput(candidate, at('out/a.md'), first, undefined, { place }),
        refusesNow(/was not written: .*out has become a link/),
      );
      assert.deepEqual(readdirSync(elsewhere), []);
      // The planted fault: without the place that was kept it lands there.
      await publishOutput(candidate, at('out/a.md'), first);
      assert.deepEqual(readdirSync(elsewhere), ['a.md']);
    });

    it('stays out of a folder that was swapped while the result was copied', async () => {
      put('out/a.md');
      const swap = async (): Promise<void> => swapFolder();
      const place = at('out/a.md');
      await assert.rejects(
        publishOutput(candidate, place, first, swap, { place }),
        refusesNow(/become a link/),
      );
      assert.deepEqual(readdirSync(elsewhere), []);
      assert.deepEqual(readdirSync(at('out2')), ['a.md']);
      assert.equal(text(at('out2/a.md')), 'mine');
      // The planted fault: by its name the same file is found elsewhere by now.
      await writeFile(at('out/a.md'), 'lands elsewhere');
      assert.deepEqual(readdirSync(elsewhere), ['a.md']);
    });

    it('does not go through a target that was swapped for a link', async () => {
      const victim = join(elsewhere, 'victim');
      writeFileSync(victim, 'precious');
      put('a.md');
      const place = at('a.md');
      const swap = async (): Promise<void> => {
        rmSync(place);
        symlinkSync(victim, place);
      };
      await assert.rejects(
        publishOutput(candidate, place, first, swap, { place }),
        refusesNow(/become a link/),
      );
      await assert.rejects(
        publishOutput(candidate, place, first, undefined, { place }),
        refusesNow(/a link/),
      );
      assert.equal(text(victim), 'precious');
      await publishOutput(candidate, place, first);
      assert.equal(text(victim), 'words of a model', 'the planted fault: without its place it goes through');
    });

    it('makes missing folders one by one, through none that is a link', () => {
      symlinkSync(elsewhere, at('made'));
      assert.throws(() => Folder.open(at('made/by/me'), { make: true }), /made has become a link/);
      assert.throws(
        () => Folder.open(at('made/by/me'), { make: true, portable: true }),
        /made has become a link/,
      );
      mkdirSync(at('made/by/me'), { recursive: true });
      assert.deepEqual(readdirSync(elsewhere), ['by'], 'the planted fault: mkdir -p goes through');
    });

    for (const portable of [false, true]) {
      it(`notices a folder that was replaced by another one${portable ? ', also without /proc' : ''}`, () => {
        mkdirSync(at('out'));
        const held = Folder.open(at('out'), { portable });
        try {
          held.requireThere();
          renameSync(at('out'), at('out2'));
          mkdirSync(at('out'));
          assert.throws(() => held.requireThere(), /was replaced/);
        } finally {
          held.close();
        }
      });
    }

    it('works through links of the user: to a file, a file to come, a folder, a chain', async () => {
      put('dotfiles/rc');
      symlinkSync('dotfiles/rc', at('.rc'));
      symlinkSync('archive/today.md', at('latest.md'));
      symlinkSync(elsewhere, at('big'));
      symlinkSync('.rc', at('chain'));
      for (const [name, real] of [
        ['.rc', at('dotfiles/rc')],
        ['latest.md', at('archive/today.md')],
        ['big/deep/x.md', join(elsewhere, 'deep/x.md')],
        ['chain', at('dotfiles/rc')],
      ] as const) {
        const [task] = withPlaces([newTask({ options: { output: at(name) } })], () => ({
          homes: { places: [at('.koubou')] },
        }));
        const place = task?.places?.[at(name)];
        assert.equal(place, real);
        await publishOutput(candidate, at(name), first, undefined, { place });
        assert.equal(text(real), 'words of a model', name);
        rmSync(real);
      }
      assert.ok(lstatSync(at('latest.md')).isSymbolicLink());
    });

    it("takes a file's mode over, and leaves the other names of its inode as they were", async () => {
      put('a.sh');
      spawnSync('chmod', ['750', at('a.sh')]);
      linkSync(at('a.sh'), at('b.sh'));
      await publishOutput(candidate, at('a.sh'), first);
      assert.equal(statSync(at('a.sh')).mode & 0o777, 0o750);
      assert.equal(text(at('b.sh')), 'mine');
    });

    it('takes no mode over that another user chose in a folder that all may write to', async function () {
      if (!isRoot) return this.skip();
      spawnSync('chmod', ['1777', folder]);
      put('a.md');
      spawnSync('chmod', ['666', at('a.md')]);
      lchownSync(at('a.md'), NOBODY, NOBODY);
      await publishOutput(candidate, at('a.md'), first);
      assert.equal(statSync(at('a.md')).mode & 0o002, 0);
    });

    it('takes the place of no pipe, no device and no folder, when it is added and when it is written', async () => {
      spawnSync('mkfifo', [at('pipe')]);
      mkdirSync(at('dir'));
      for (const name of [
        at('pipe'),
        at('dir'),
        '/dev/null',
        '/dev/stdout',
        '/dev/fd/1',
        '/proc/self/fd/1',
      ]) {
        assert.throws(
          () =>
            withPlaces([newTask({ options: { output: name } })], () => ({
              homes: { places: [at('.koubou')] },
            })),
          refusesUse(/Nothing was added/),
          name,
        );
        await assert.rejects(publishOutput(candidate, name, first), refusesNow(/was not written/));
      }
      assert.ok(lstatSync(at('pipe')).isFIFO());
      assert.ok(lstatSync('/dev/null').isCharacterDevice());
    });

    const user = '/home/u';
    const refusedPlaces = [
      '/p/.git/hooks/pre-commit',
      '/p/.git',
      '/p/sub/.GIT/config',
      '/p/.g\u200cit/config',
      '/p/.git./config',
      '/p/git~1/config',
      '/p/.koubou/config/agent.yaml',
      '/p/deep/.koubou/x/y',
      '/p/.claude/settings.json',
      '/p/KOUBOU~1/config/agent.yaml',
      '/p/claude~2/settings.json',
      '/p/OPENCO~1/x',
      '/p/.codex/config.toml',
      '/anywhere/.ssh/authorized_keys',
      '/home/u/.bashrc',
      '/home/u/.PROFILE',
      '/home/u/.zshrc',
      '/home/u/.gnupg/gpg.conf',
      '/home/u/.config/autostart/x.desktop',
      '/home/u/.config/systemd/user/x.service',
      '/home/u/.config/fish/config.fish',
      '/home/u/Library/LaunchAgents/x.plist',
      '/home/u/.gitconfig',
      '/home/u/.claude.json',
      '/etc/cron.d/x',
      '/etc/crontab',
      '/var/spool/cron/crontabs/root',
      '/etc/profile.d/x.sh',
      '/etc/sudoers.d/x',
      '/etc/ld.so.preload',
      '/etc/systemd/system/x.service',
      '/dev/sda',
      '/proc/self/mem',
      '/my/home/tasks/pending/x.md',
    ];
    for (const place of refusedPlaces) {
      it(`is never ${JSON.stringify(place)}, and says why`, () => {
        const why = new Reserved({ homes: { places: ['/my/home'] }, users: [user] }).why(place, []);
        assert.ok(why !== undefined && why.length > 10, String(why));
      });
    }

    const fine = [
      '/p/CLAUDE.md',
      '/p/.github/workflows/ci.yml',
      '/p/package.json',
      '/p/.gitignore',
      '/p/.gitlab-ci.yml',
      '/p/git/x',
      '/p/claude~x/notes.md',
      '/p/notes~1/x',
      '/p/.bashrc',
      '/p/koubou/x',
      '/home/u/notes.md',
      '/home/u/.config/myapp/x.toml',
      '/home/u/project/.env',
      '/dev/shm/x',
      '/etc/nginx/nginx.conf',
      '/tmp/x',
      '/my/homes/x',
    ];
    for (const place of fine) {
      it(`may be ${place}`, () => {
        assert.equal(
          new Reserved({ homes: { places: ['/my/home'] }, users: [user] }).why(place, []),
          undefined,
        );
      });
    }

    it('is judged by every name that leads to it, and by what else leads there', () => {
      const home = join(top, 'user');
      mkdirSync(join(home, 'dotfiles'), { recursive: true });
      writeFileSync(join(home, 'dotfiles', 'bashrc'), '');
      symlinkSync('dotfiles/bashrc', join(home, '.bashrc'));
      const reserved = new Reserved({ users: [home] });
      assert.match(reserved.why(join(home, 'dotfiles/bashrc'), []) ?? '', /~\/\.bashrc leads there/);
      assert.equal(reserved.why(join(home, 'dotfiles/other'), []), undefined);
      mkdirSync(at('.git/hooks'), { recursive: true });
      symlinkSync('.git/hooks', at('tools'));
      assert.throws(
        () =>
          withPlaces([newTask({ options: { output: at('tools/pre-commit') } })], () => ({
            homes: { places: [at('.koubou')] },
          })),
        refusesUse(/it leads to .*\.git\/hooks\/pre-commit, and it lies in \.git/),
      );
    });

    it('is not written into a repository that has no work tree', () => {
      for (const name of ['repo/objects', 'repo/refs', 'repo/hooks'])
        mkdirSync(at(name), { recursive: true });
      put('repo/HEAD');
      assert.match(
        new Reserved().why(at('repo/hooks/post-receive'), []) ?? '',
        /git repository without a work tree/,
      );
    });

    it('knows the home of who runs it', () => {
      const started = [
        '.bashrc',
        '.bash_completion',
        '.config/bspwm/bspwmrc',
        '.config/mise/config.toml',
        '.local/bin/git',
      ];
      for (const name of started)
        assert.notEqual(new Reserved().why(join(homedir(), name), []), undefined, name);
    });
  });

  describe('the names of many files', () => {
    const each = (output: string, path: string) =>
      expandEach({ prompt: 'p', output }, [path], '/p')[0]?.output;

    it('lead nowhere out of what stands before them in --output', () => {
      for (const output of [
        'out/{file}',
        'out/{dir}/x.md',
        './out/{file}',
        '/abs/{file}',
        'out/{file}/x',
        '{name}/../../{stem}',
      ]) {
        assert.throws(
          () => each(output, '/q/a.md'),
          refusesUse(/would lead out of .* for \/q\/a\.md/),
          output,
        );
      }
      assert.throws(() => each('out/{stem}', '/p/..'), refusesUse(/would lead out|names no file/));
    });

    it('lead where they should', () => {
      assert.equal(each('out/{file}', '/p/sub/a.md'), 'out/sub/a.md');
      assert.equal(each('{dir}/../ja/{name}', '/p/docs/en/a.md'), 'docs/en/../ja/a.md');
      assert.equal(each('{dir}/{stem}.txt', '/q/a.md'), '../q/a.txt', 'beside the file itself');
      assert.equal(each('{file}.out', '/q/a.md'), '../q/a.md.out');
      assert.equal(each('../out/{name}', '/q/a.md'), '../out/a.md');
    });

    it('are refused with their file where they are not UTF-8, and so is what lies in such a folder', async () => {
      put('in/a.txt');
      const odd = Buffer.concat([Buffer.from(`${folder}/in/caf`), Buffer.from([0xe9])]);
      try {
        writeFileSync(Buffer.concat([odd, Buffer.from('.txt')]), 'x');
      } catch {
        // A file system that takes only UTF-8 holds no such name.
        return;
      }
      await assert.rejects(matchFiles('in/*.txt', folder), refusesUse(/caf.*\.txt is not UTF-8/));
      assert.deepEqual(await matchFiles('in/a*.txt', folder), [at('in/a.txt')]);
      mkdirSync(odd);
      writeFileSync(Buffer.concat([odd, Buffer.from('/b.md')]), 'x');
      await assert.rejects(matchFiles('in/*/*.md', folder), refusesUse(/(is|are) not UTF-8/));
      await assert.rejects(matchFiles('**/*.md', folder), refusesUse(/(is|are) not UTF-8/));
    });

    it('are found in folders with brackets and parentheses', async () => {
      const path = put('app/[id]/(shop)/page.md');
      assert.deepEqual(await matchFiles('app/[id]/(shop)/*.md', folder), [path]);
      assert.deepEqual(await matchFiles('app/[id]/(shop)/page.md', folder), [path]);
    });

    const nasty = `a';touch R1;"$(touch R2)\`touch R3\`\n&|x {name}`;
    const filledIn = (check: string): string =>
      expandEach({ prompt: 'p', check }, [join(folder, nasty)], folder)[0]?.check ?? '';

    for (const check of [
      'printf %s {file}',
      'printf %s "{file}"',
      "printf %s '{file}'",
      'printf %s "$(printf %s "{file}")"',
      'printf %s "$(printf %s {file})"',
      'if true; then printf %s "{name}"; fi',
      'sh -c \'printf %s "$1"\' sh {file}',
      'X="{file}"; printf %s "$X"',
      'printf %s {file} 2>/dev/null',
      'test -n "the {stem} of {file}" && printf %s "{file}"',
      '! false && printf %s "{dir}/{name}" | sed "s,^./,,"',
    ]) {
      it(`are one word in ${check}`, () => {
        const { stdout } = spawnSync('sh', ['-c', filledIn(check)], { cwd: folder, encoding: 'utf8' });
        assert.equal(stdout, nasty);
        assert.deepEqual(readdirSync(folder), []);
      });
    }

    it('would run where they are put between quotes as they are', () => {
      const naive = 'printf %s "{file}"'.replace('{file}', `'${nasty.replaceAll("'", `'\\''`)}'`);
      spawnSync('sh', ['-c', naive], { cwd: folder });
      assert.ok(existsSync(at('R2')), 'the planted fault');
    });

    for (const check of [
      'sh -c "cat {file}"',
      'env X=1 bash -ec "cat {file}"',
      'eval cat {file}',
      'echo {file} | sh',
      'X={file}; eval "cat $X"',
      'cat <<E\n{file}\nE',
      'cat `echo {file}`',
      'trap "rm {file}" EXIT',
      'test -e x # {file}',
      'cat \\{file}',
      'python3 -c "open(\'{file}\')"',
      'ssh host cat {file}',
      'printf %s {file} | xargs -I% sh -c "cat %"',
      '</dev/null eval "cat {name}"',
      'x=1 </dev/null eval "cat {name}"',
      '</dev/null awk "BEGIN{system(\\"cat {name}\\")}"',
      'if true; then x={name}; fi; eval "cat $x"',
      '>/dev/null x={name}; eval "cat $x"',
      'echo {name} | while read -r x; do eval "cat $x"; done',
      'f() { eval "cat $1"; }; f {name}',
      'f() { sh -c "$1"; }; f "cat {name}"',
      'echo "cat {name}" | sh 2>&1',
      'echo "cat {name}" | 2>&1 env bash',
      'echo "cat {name}" > s.sh; . ./s.sh',
      'echo "cat {name}" > s.sh; sh s.sh',
      'echo "cat {name}" | tee s.sh; bash ./s.sh',
      'echo "print(\'{name}\')" | python3',
      'git -c alias.x="!cat {name}" x',
      'x="cat {name}"; git -c alias.x="!$x" x',
      'tar cf /dev/null --checkpoint=1 --checkpoint-action=exec="cat {name}" d',
      'make -f /dev/null --eval="x:;cat {name}" x',
      'make check FILE={file}',
      '[[ {name} -eq 1 ]]',
      'x={name}; test $((x)) -gt 1',
    ]) {
      it(`are refused in ${JSON.stringify(check)}`, () => {
        assert.throws(() => filledIn(check), refusesUse(/cannot be put into/));
      });
    }

    for (const check of [
      'python3 tool.py {file}',
      'node --watch=false check.mjs "$KOUBOU_OUTPUT" {file} > /dev/null 2>&1',
      'sed -n 1p {file} | grep -q "^# {stem}"',
      'awk "NR > 1" {file}',
      'sh -n {file}',
      'npm run source-map -- --file={file}',
      'test "$(wc -l < {file})" -gt 3 || { echo "{file} is short"; exit 1; }',
      'diff -u out/{stem}.txt {file}',
    ]) {
      it(`are words in ${check}`, () => {
        assert.match(filledIn(check), /KOUBOU_EACH/);
      });
    }

    it('would be run where a check that reads a text again is not refused', async () => {
      const name = 'x;touch RAN;.txt';
      const typed = async (program?: string) => {
        const project = await Project.make();
        try {
          project.write(name, 'x');
          const check = '</dev/null eval "cat {name}"; true';
          const words = ['delegate', '--type', 'command', '--each', '*.txt', '--check', check, '--', 'true'];
          const { code } = await project.runWith({ program }, ...words);
          await project.runWith({ program }, 'work', '--drain');
          return [code, existsSync(join(project.folder, 'RAN'))];
        } finally {
          await project.remove();
        }
      };
      assert.deepEqual(await typed(), [2, false]);
      const fault = {
        file: 'actions/callers/shell-program.ts',
        from: 'if (again !== undefined) throw',
        to: 'if (again === "") throw',
      };
      assert.deepEqual(await typed(await buildMutant(fault)), [0, true]);
    }).timeout(120_000);

    const words = (line: string): string[] => line.split(' ').map((word) => word.replaceAll('_', ' '));
    const command = (line: string) =>
      expandEach({ type: 'command', command: words(line) }, ['/p/a'], '/p')[0]?.command;

    for (const line of [
      'sh -c cat_{file}',
      'env sh -c cat_{file}',
      'env -i A=b timeout 5 nice -n 3 bash -lc cat_{file}',
      'busybox sh -c cat_{file}',
      'setsid dash -o pipefail -c cat_{file}',
      'ssh host cat {file}',
      'timeout 9 ssh host cat {file}',
      'env -S sh_-c_{file}',
      'su user -c cat_{file}',
      'find . -exec sh -c cat_{file} ;',
      'docker exec box sh -c cat_{file}',
      'python3.12 -c print("{file}")',
      'node -e console.log("{file}")',
      'perl -ne print_"{stem}"',
      'awk /{stem}/ f',
      'flock lock -c cat_{file}',
      'watch cat {file}',
    ]) {
      it(`are no piece of the program in ${line}`, () => {
        assert.throws(() => command(line), refusesUse(/program of a shell/));
      });
    }

    for (const line of [
      'cat {file}',
      'sh -c cat_"$1" sh {file}',
      'env bash -ec cat_"$1" bash {file}',
      'sh {file}',
      'rsync -e ssh {file} host:x',
      'git commit -m Update_{file}',
      'python3 tool.py {file}',
      'awk -F: {print} {file}',
      'sed -n -e 1p {file}',
      'grep -c sh {file}',
      'npm test -- {file}',
      'gcc -o out/{stem} {file}',
    ]) {
      it(`are words of ${line}`, () => {
        assert.ok(command(line)?.some((word) => word.includes('a')));
      });
    }
  });

  describe('an attached file', () => {
    it('that was none when it was added is not followed when it became a link', async () => {
      const path = put('a.md');
      writeFileSync(join(elsewhere, 'secret'), 'secret');
      const [task] = withPlaces([newTask({ files: [{ path, sha256: null }] })], () => ({
        homes: { places: [at('.koubou')] },
      }));
      const place = task?.places?.[path];
      rmSync(path);
      symlinkSync(join(elsewhere, 'secret'), path);
      await assert.rejects(openAttached({ path, place }), /has become a link/);
      await assert.rejects(openPlace(path), /has become a link/);
      // The planted fault: its name leads to the secret.
      assert.equal(text(path), 'secret');
    });

    it('in a folder that became a link is not read, nor is a pipe waited for', async () => {
      const path = put('sub/a.md');
      renameSync(at('sub'), at('sub2'));
      symlinkSync(elsewhere, at('sub'));
      writeFileSync(join(elsewhere, 'a.md'), 'secret');
      await assert.rejects(openAttached({ path, place: path }), /sub has become a link/);
      await assert.rejects(openPlace(path, { portable: true }), /has become a link/);
      spawnSync('mkfifo', [at('pipe')]);
      await assert.rejects(openPlace(at('pipe')), /not a regular file/);
    });

    it('of a task in a worktree is read in the user tree where the commit has a link in its place', async () => {
      const rig = await Rig.make();
      try {
        const git = (...args: string[]): void => {
          const identity = ['-c', 'user.name=n', '-c', 'user.email=e@e'];
          assert.equal(spawnSync('git', [...identity, ...args], { cwd: folder }).status, 0, args.join(' '));
        };
        git('init', '-q');
        writeFileSync(join(elsewhere, 'secret'), 'secret');
        symlinkSync(join(elsewhere, 'secret'), at('a.md'));
        put('b.md', 'committed');
        git('add', '.');
        git('commit', '-qm', 'first');
        rmSync(at('a.md'));
        const files = [put('a.md', "the user's"), put('b.md', 'changed')].map((path) => ({
          path,
          sha256: null,
        }));
        const runner = new FakeRunner();
        runner.changesFiles = true;
        const seen: string[] = [];
        runner.act = async (task, { cwd }) => {
          seen.push((await buildPrompt(task, { folders: [], template: 'x', feedback: null })).user);
          // What the planted fault would read: the name within the worktree.
          seen.push(text(join(cwd, 'a.md')));
          writeFileSync(join(cwd, 'new.md'), 'x');
          return 'done';
        };
        const [task = newTask()] = withPlaces(
          [newTask({ type: 'code', cwd: folder, files, options: { worktree: true, system: 's' } })],
          () => ({ homes: { places: [rig.home.home] } }),
        );
        const id = await rig.add(task);
        await rig.drain(runner);
        assert.equal(
          (await rig.record(id)).status,
          'completed',
          JSON.stringify((await rig.record(id)).result),
        );
        assert.match(seen[0] ?? '', /the user's[\s\S]*committed/);
        assert.equal(seen[1], 'secret');
      } finally {
        await rig.remove();
      }
    });

    it('that the user linked is read where it leads', async () => {
      put('real.md', 'words');
      symlinkSync('real.md', at('link.md'));
      const file = await openAttached({ path: at('link.md'), place: at('real.md') });
      assert.equal(await file.readFile('utf8'), 'words');
      await file.close();
    });
  });

  describe('CLAUDE.md', () => {
    it('is written through no link that leads out of the folder', async () => {
      writeFileSync(join(elsewhere, 'rc'), '# mine');
      symlinkSync('../elsewhere/rc', at('CLAUDE.md'));
      await assert.rejects(writeClaudeSection(at('CLAUDE.md'), folder), refusesNow(/leads out/));
      assert.equal(text(join(elsewhere, 'rc')), '# mine');
      await writeClaudeSection(at('CLAUDE.md'), null);
      assert.match(
        text(join(elsewhere, 'rc')),
        /koubou/,
        'the planted fault; and right in the own folder of the user',
      );
    });

    it("is written through a link within the folder, but not into git's files", async () => {
      put('AGENTS.md', '# agents\n');
      symlinkSync('AGENTS.md', at('CLAUDE.md'));
      await writeClaudeSection(at('CLAUDE.md'), folder);
      assert.match(text(at('AGENTS.md')), /^# agents\n\n<!-- koubou:begin/);
      rmSync(at('CLAUDE.md'));
      put('.git/hooks/pre-commit', '#!/bin/sh\n');
      symlinkSync('.git/hooks/pre-commit', at('CLAUDE.md'));
      await assert.rejects(writeClaudeSection(at('CLAUDE.md'), folder), refusesNow(/it lies in \.git/));
    });
  });

  describe('a home', () => {
    const init = (...args: string[]) => koubou(['init', ...args], { cwd: folder });

    it('is not made where a link of the folder leads out of it, unless that folder is named', async () => {
      symlinkSync('../elsewhere', at('.koubou'));
      const { code, stderr } = await init();
      assert.deepEqual([code, /is a link that leads out of the folder/.test(stderr)], [2, true], stderr);
      assert.deepEqual(readdirSync(elsewhere), []);
      assert.equal((await init('--home', elsewhere)).code, 0);
      assert.ok(existsSync(join(elsewhere, 'config')));
    });

    it('that was moved and left a link works as before', async () => {
      assert.equal((await init()).code, 0);
      renameSync(at('.koubou'), join(elsewhere, 'home'));
      symlinkSync(join(elsewhere, 'home'), at('.koubou'));
      assert.equal((await init()).code, 0);
      const added = await koubou(['delegate', '--type', 'command', '--', 'true'], { cwd: folder });
      assert.equal(added.code, 0, added.stderr);
    });

    it('is not begun where CLAUDE.md leads out', async () => {
      symlinkSync('../elsewhere/rc', at('CLAUDE.md'));
      const { code, stderr } = await init('--claude');
      assert.deepEqual(
        [code, /CLAUDE\.md is not written: it is a link that leads out/.test(stderr)],
        [2, true],
        stderr,
      );
      assert.deepEqual(readdirSync(folder), ['CLAUDE.md']);
    });
  });

  describe('a file of koubou', () => {
    for (const how of ['read', 'write', 'append', 'read and append'] as const) {
      it(`that was replaced by a link, a pipe or a folder is not opened to ${how}`, async () => {
        const victim = join(elsewhere, 'victim');
        writeFileSync(victim, 'precious');
        symlinkSync(victim, at('run-1.log'));
        await assert.rejects(openOwn(at('run-1.log'), how), refusesNow(/no file of koubou's own/));
        spawnSync('mkfifo', [at('run-1.output')]);
        await assert.rejects(openOwn(at('run-1.output'), how), /own|EISDIR/);
        symlinkSync(elsewhere, at('day'));
        await assert.rejects(openOwn(at('day/victim'), how), refusesNow(/no file of koubou's own/));
        assert.equal(text(victim), 'precious');
      });
    }

    for (const how of ['write', 'append', 'read and append'] as const) {
      it(`that has a second name elsewhere is not opened to ${how}, and can be read`, async () => {
        const victim = join(elsewhere, 'victim');
        writeFileSync(victim, 'precious');
        linkSync(victim, at('run-1.log'));
        await assert.rejects(openOwn(at('run-1.log'), how), refusesNow(/has a second name/));
        const file = await openOwn(at('run-1.log'), 'read');
        assert.equal(await file.readFile('utf8'), 'precious');
        await file.close();
        rmSync(victim);
        await (await openOwn(at('run-1.log'), how)).close();
      });
    }

    it('that gets a second name while its run goes on is not written to', async () => {
      const victim = join(elsewhere, 'victim');
      writeFileSync(victim, 'precious');
      const rig = await Rig.make();
      try {
        const runner = new FakeRunner();
        runner.act = (_, { lease: { logPath } }) => {
          rmSync(logPath);
          linkSync(victim, logPath);
          return 'Done.';
        };
        const id = await rig.add({ options: { check: 'echo said', retries: 0 } });
        await rig.drain(runner);
        const { result } = await rig.record(id);
        assert.deepEqual([result?.error?.code, text(victim)], ['conflict', 'precious']);
      } finally {
        await rig.remove();
      }
    });

    it('is begun anew where the log of a daemon has a second name, and no lock is emptied that is another file', async () => {
      const victim = join(elsewhere, 'victim');
      writeFileSync(victim, 'precious');
      linkSync(victim, at('day.log'));
      const [command, args] = [process.execPath, ['-e', 'console.log("began")']];
      const { ended } = startDetached({
        command,
        args,
        cwd: folder,
        environment: {},
        logPath: at('day.log'),
      });
      assert.equal(await ended, 0);
      assert.deepEqual([text(victim), text(at('day.log'))], ['precious', 'began\n']);
      const lock = tryLock(at('some.lock'));
      assert.ok(lock.held);
      rmSync(at('some.lock.1'));
      linkSync(victim, at('some.lock.1'));
      lock.release();
      assert.equal(text(victim), 'precious');
    });

    it('that an agent may write is read as its own, and nothing that it made a link to', async () => {
      mkdirSync(at('state'));
      const context = {
        statePath: at('state'),
        outputPath: at('run-1.output'),
        lease: leaseFor(),
      };
      const secret = join(elsewhere, 'secret');
      writeFileSync(secret, 'secret');
      put('run-1.output', '');
      for (const output of [{ file: true }, { last_line: true }, { json: 'text' }] as const) {
        symlinkSync(secret, at('state/prompt.md'));
        const files = new AgentFiles(context, { output, success: {} });
        await files.prepare('do it');
        for (const path of [files.answer, files.stdout]) symlinkSync(secret, path);
        await assert.rejects(files.read(), refusesNow(/no file of koubou's own/));
        assert.deepEqual([text(secret), text(at('run-1.output'))], ['secret', '']);
        await files.tidy();
        rmSync(files.prompt);
      }
      // The planted fault: copied by its name, the secret would be the result.
      symlinkSync(secret, at('state/answer'));
      copyFileSync(at('state/answer'), at('run-1.output'));
      assert.equal(text(at('run-1.output')), 'secret');
    });

    it('is made anew in the place of a link', async () => {
      const victim = join(elsewhere, 'victim');
      writeFileSync(victim, 'precious');
      symlinkSync(victim, at('prompt.md'));
      await replaceOwn(at('prompt.md'), 'new');
      assert.deepEqual([text(victim), text(at('prompt.md'))], ['precious', 'new']);
      rmSync(at('prompt.md'));
      symlinkSync(victim, at('prompt.md'));
      await writeFile(at('prompt.md'), 'new');
      assert.equal(text(victim), 'new', 'the planted fault');
    });
  });

  describe('--expect', () => {
    const missing = (pattern: string, places?: readonly string[]) =>
      missingExpected({ patterns: [pattern], cwd: folder, output: undefined, places });

    it('is met by no link that the run made out of the folder', async () => {
      const places = expectedPlaces(['report.md'], folder);
      symlinkSync('/etc/passwd', at('report.md'));
      assert.match(
        (await missing('report.md', places))?.message ?? '',
        /a link that leads out of the folder/,
      );
      const folders = expectedPlaces(['out/*.conf'], folder);
      symlinkSync('/etc', at('out'));
      assert.notEqual(await missing('out/*.conf', folders), null);
      assert.notEqual(await missing('*/*.conf'), null);
      // The planted fault: judged after the run alone, the link is the user's own.
      assert.equal(await missing('report.md', expectedPlaces(['report.md'], folder)), null);
    });

    it('is met through links that the user had', async () => {
      symlinkSync(elsewhere, at('dist'));
      const places = expectedPlaces(['dist/*.js', 'dist/a.css'], folder);
      writeFileSync(join(elsewhere, 'a.js'), 'x');
      writeFileSync(join(elsewhere, 'a.css'), 'x');
      assert.equal(await missing('dist/*.js', places), null);
      assert.equal(await missing('dist/a.css', places), null);
    });

    it('takes names with brackets for what they are, in the folder too', async () => {
      for (const name of ['app/[id]/page.tsx', 'app/(shop)/[...slug]/{x}.tsx']) {
        put(name);
        assert.equal(await missing(name), null, name);
        const pattern = name.replace(/[^/]*$/, '*.tsx');
        assert.equal(await missing(pattern), null, pattern);
        const output = at(name);
        for (const each of [name, pattern]) {
          const cwd = at('app/[id]');
          const pathFromThere = each.startsWith('app/[id]/')
            ? each.slice('app/[id]/'.length)
            : `../../${each}`;
          assert.equal(
            await missingExpected({ patterns: [pathFromThere], cwd, output }),
            null,
            pathFromThere,
          );
        }
      }
    });
  });
});

describe('a result', () => {
  let project: Project;
  let elsewhere: string;
  const at = (...names: string[]): string => join(project.folder, ...names);

  beforeEach(async () => {
    project = await Project.make();
    elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-elsewhere-')));
  });
  afterEach(async () => {
    await project.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  const done = async (
    ...args: string[]
  ): Promise<{ id: string; error: string; code: string | undefined }> => {
    const { stdout } = await project.run('delegate', '--type', 'command', ...args);
    const id = stdout.split('\n')[0] ?? '';
    await project.run('work', '--drain');
    const record = await project.queue.get(id);
    const { message = '', code } = record?.result?.error ?? {};
    return { id, error: message, code };
  };

  it('whose folder the check swapped for a link goes nowhere, and can be had all the same', async () => {
    const check = `mv out out2 && ln -s ${elsewhere} out`;
    mkdirSync(at('out'));
    const { id, error, code } = await done('--output', 'out/a.md', '--check', check, '--', 'echo', 'words');
    assert.equal(code, 'conflict');
    assert.match(error, /a\.md was not written: .*out has become a link/);
    assert.deepEqual(readdirSync(elsewhere), []);
    assert.equal((await project.run('result', id)).stdout, 'words\n');
    assert.deepEqual(readdirSync(at('out2')), []);
  });

  it('whose file the check swapped for a link leaves what that leads to alone', async () => {
    writeFileSync(join(elsewhere, 'victim'), 'precious');
    const check = `ln -sf ${elsewhere}/victim a.md`;
    const { code } = await done('--output', 'a.md', '--check', check, '--', 'echo', 'words');
    assert.equal(code, 'conflict');
    assert.equal(text(join(elsewhere, 'victim')), 'precious');
  });

  it('that an older koubou added is bound before its run as well', async () => {
    const rig = await Rig.make();
    try {
      mkdirSync(at('out'));
      const output = at('out/a.md');
      const id = await rig.add({ options: { output } });
      assert.equal((await rig.record(id)).places, undefined);
      await rig.drain(
        new FakeRunner(() => {
          renameSync(at('out'), at('out2'));
          symlinkSync(elsewhere, at('out'));
          return 'words';
        }),
      );
      assert.equal((await rig.record(id)).result?.error?.code, 'conflict');
      assert.deepEqual(readdirSync(elsewhere), []);
    } finally {
      await rig.remove();
    }
  });

  it('for a place that became another is not worked on at all', async () => {
    mkdirSync(at('out'));
    const rig = await Rig.make();
    try {
      const output = at('out/a.md');
      const id = await rig.add({ options: { output }, places: { [output]: output } });
      renameSync(at('out'), at('out2'));
      symlinkSync(elsewhere, at('out'));
      const runner = new FakeRunner(() => 'words');
      await rig.drain(runner);
      assert.deepEqual(runner.runs, []);
      assert.match(
        (await rig.record(id)).result?.error?.message ?? '',
        /the work was not begun: .*become a link/,
      );
    } finally {
      await rig.remove();
    }
  });
});
