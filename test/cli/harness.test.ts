import assert from 'node:assert/strict';
import { type SpawnOptionsWithoutStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildCommandLine } from '../../build/command-line.ts';

const repository = dirname(dirname(import.meta.dirname));
const systemNode = '/usr/bin/node';

describe('the command line', () => {
  let root: string;
  let bin: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'koubou-harness-'));
    bin = join(root, 'bin', 'run.js');
    await cp(join(repository, 'bin'), join(root, 'bin'), { recursive: true });
    await buildCommandLine(join(import.meta.dirname, 'commands'), join(root, 'dist', 'cli'));
  });

  after(() => rm(root, { recursive: true, force: true }));

  interface Ended {
    code: number | null;
    signal: NodeJS.Signals | null;
    stdout: string;
    stderr: string;
  }

  function koubou(
    args: string[],
    options: SpawnOptionsWithoutStdio & { node?: string } = {},
  ): Promise<Ended> {
    const child = start(args, options);
    child.stdin.end();
    return ending(child);
  }

  function start(
    args: string[],
    { node = process.execPath, ...options }: SpawnOptionsWithoutStdio & { node?: string } = {},
  ) {
    return spawn(node, [bin, ...args], options);
  }

  async function ending(child: ReturnType<typeof start>): Promise<Ended> {
    const told = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (told.stdout += chunk));
    child.stderr.on('data', (chunk) => (told.stderr += chunk));
    const [code, signal] = await once(child, 'close');
    return { code, signal, ...told };
  }

  describe('a word it does not know', () => {
    it('names the nearest command', async () => {
      const { code, stdout, stderr } = await koubou(['ehco', 'x']);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.equal(stderr, "Error: There is no command 'ehco'\nDid you mean koubou echo?\n");
    });

    it('names the nearest command under a topic', async () => {
      const { stderr } = await koubou(['fail', 'hoem']);
      assert.match(stderr, /no command 'fail hoem'\nDid you mean koubou fail home\?/);
    });

    it('points to --help when nothing is near', async () => {
      const { code, stderr } = await koubou(['zzzzzz']);
      assert.equal(code, 2);
      assert.match(stderr, /See koubou --help/);
    });

    it('names the nearest flag', async () => {
      const { code, stderr } = await koubou(['echo', '--prioritty', '3', 'x']);
      assert.equal(code, 2);
      assert.equal(
        stderr,
        'Error: Unknown flag: --prioritty\nDid you mean --priority? See koubou echo --help\n',
      );
    });
  });

  it('takes a prompt that starts with - for a flag, and says how to give it', async () => {
    const { code, stderr } = await koubou(['echo', '- [ ] write tests']);
    assert.equal(code, 2);
    assert.match(stderr, /^Error: Unknown flag: - \[ \] write tests\n.* --prompt-file -\n$/);
  });

  describe('--json', () => {
    const wrong: Record<string, string[]> = {
      'an unknown command': ['ehco', '--json'],
      'an unknown flag': ['echo', '--nope', '--json'],
      'a missing value': ['echo', '--json', '--priority'],
      'a value out of bounds': ['echo', '--json', '--priority', '11'],
      'a malformed time': ['echo', '--json', '--timeout', 'soon'],
      'a value outside the list': ['echo', '--json', '--type', 'poem'],
      'flags that exclude each other': ['echo', '--json', '--model', 'm', '--prompt-file', 'f'],
      'a word too many': ['echo', '--json', 'a', 'b'],
    };
    for (const [name, args] of Object.entries(wrong)) {
      it(`prints one document for ${name}, and exits 2`, async () => {
        const { code, stdout, stderr } = await koubou(args);
        const { error } = JSON.parse(stdout);
        assert.deepEqual(Object.keys(error), ['code', 'message', 'hint']);
        assert.equal(error.code, 'usage');
        assert.doesNotMatch(error.message, /See more help|Parsing|The following|\n/);
        assert.equal(stderr, '');
        assert.equal(code, 2);
      });
    }

    it('after -- is a word and changes nothing', async () => {
      const { stdout, stderr } = await koubou(['ehco', '--', '--json']);
      assert.equal(stdout, '');
      assert.match(stderr, /^Error: /);
    });
  });

  describe('an error', () => {
    it('has the exit code that its kind has', async () => {
      const { code, stderr } = await koubou(['fail', 'home']);
      assert.equal(code, 3);
      assert.match(
        stderr,
        /^Error: There is no \.koubou here\. Nothing was added\.\nMake one with `koubou init`/,
      );
    });

    it('that nobody foresaw shows no stack unless DEBUG=koubou', async () => {
      const plain = await koubou(['fail', 'bug']);
      assert.equal(plain.code, 1);
      assert.doesNotMatch(plain.stderr, /\n\s+at /);
      const debug = await koubou(['fail', 'bug'], { env: { ...process.env, DEBUG: 'koubou' } });
      assert.match(debug.stderr, /TypeError: undefined is not a function\n\s+at /);
    });

    it('of the machine is told as such, and is no fault of koubou', async () => {
      const { code, stderr } = await koubou(['fail', 'disk']);
      assert.equal(code, 1);
      assert.match(stderr, /no space left on device.*\nFree some space, then try again\.\n$/);
      assert.equal(JSON.parse((await koubou(['fail', 'disk', '--json'])).stdout).error.code, 'disk_full');
    });

    it('is not needed to end with another exit code', async () => {
      assert.deepEqual(await koubou(['limit']), { code: 4, signal: null, stdout: '', stderr: '' });
    });
  });

  describe('the words after --', () => {
    it('stay as they were, with a second -- and words that repeat the value of a flag', async () => {
      const { stdout } = await koubou([
        'echo',
        '--file',
        'a.md',
        '--file',
        'b.md',
        'the prompt',
        '--',
        'b.md',
        '--',
        '--file',
        'a.md',
      ]);
      const { args, flags, words } = JSON.parse(stdout);
      assert.equal(args.prompt, 'the prompt');
      assert.deepEqual(flags.file, ['a.md', 'b.md']);
      assert.deepEqual(words, ['b.md', '--', '--file', 'a.md']);
    });

    it('are arguments of a command that has no use of its own for them', async () => {
      const { stdout } = await koubou(['plain', 'a', '--', '-1', '--json']);
      assert.deepEqual(JSON.parse(stdout), ['a', '-1', '--json']);
    });

    it('are none when -- comes last, and unknown without it', async () => {
      assert.deepEqual(JSON.parse((await koubou(['echo', '--'])).stdout).words, []);
      assert.equal(JSON.parse((await koubou(['echo'])).stdout).words, null);
    });
  });

  describe('stdin', () => {
    it('is read to its end over bursts', async () => {
      const child = start(['echo', '-']);
      const ended = ending(child);
      child.stdin.write('first ', () => child.stdin.end('second'));
      assert.equal(JSON.parse((await ended).stdout).stdin, 'first second');
    });

    it('is left to the loop of a shell that reads it', async () => {
      const loop = `printf '1\\n2\\n3\\n' | while read -r n; do "${process.execPath}" "${bin}" echo; done`;
      const { stdout } = spawnSync('sh', ['-c', loop], { encoding: 'utf8' });
      assert.equal(stdout.trim().split('\n').length, 3);
    });
  });

  it('ends silently and with 0 when the reader of its output has gone', () => {
    const pipe = `{ "${process.execPath}" "${bin}" many; echo "exit $?" >&2; } | head -1`;
    const { stdout, stderr } = spawnSync('sh', ['-c', pipe], { encoding: 'utf8' });
    assert.equal(stdout, 'line 0\n');
    assert.equal(stderr, 'exit 0\n');
  });

  describe('--help', () => {
    it('of all is one screen with every command', async () => {
      const { code, stdout } = await koubou(['--help']);
      assert.equal(code, 0);
      assert.ok(stdout.split('\n').length <= 24);
      for (const name of ['echo', 'fail home', 'many'])
        assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
    });

    it('may be asked for as -h', async () => {
      assert.equal((await koubou(['-h'])).stdout, (await koubou(['--help'])).stdout);
      assert.equal((await koubou(['echo', '-h'])).stdout, (await koubou(['echo', '--help'])).stdout);
    });

    it('of a command fits 80 columns and shows its flags and examples', async () => {
      const { stdout } = await koubou(['echo', '--help']);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
      for (const part of ['--file=F...', '--home=DIR', '$ koubou echo --file a.md "the prompt"']) {
        assert.ok(stdout.includes(part), part);
      }
    });
  });

  it('loads the packages that lie apart when they are used', async () => {
    const { stdout, stderr } = await koubou(['apart']);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout).at(-1), { a: 1 });
  });

  describe('where it runs', () => {
    it('needs no environment and no particular folder', async () => {
      const { code, stdout } = await koubou(['--version'], { env: {}, cwd: '/' });
      assert.equal(code, 0);
      assert.match(stdout, /^koubou\/\d/);
    });

    it('may be called through a link, as npm link makes it', async () => {
      const link = join(root, 'link-to-koubou');
      await symlink(bin, link);
      const { stdout } = spawnSync(process.execPath, [link, '--version'], { encoding: 'utf8' });
      assert.match(stdout, /^koubou\/\d/);
    });

    it('says how to build it when that was not done', async () => {
      const unbuilt = join(root, 'unbuilt');
      await cp(join(repository, 'bin'), join(unbuilt, 'bin'), { recursive: true });
      const { status, stderr } = spawnSync(process.execPath, [join(unbuilt, 'bin', 'run.js')], {
        encoding: 'utf8',
      });
      assert.equal(status, 1);
      assert.match(stderr, /^koubou is not built yet: run `npm run build` in .*\n$/);
    });
  });

  describe('under a Node that is too old', () => {
    before(function () {
      const { stdout } = spawnSync(systemNode, ['--version'], { encoding: 'utf8' });
      if (!/^v(1[4-9]|2[01])\./.test(stdout ?? '')) {
        console.log(
          `      skipped: ${systemNode} is ${stdout?.trim() || 'not there'}, and an old Node is needed`,
        );
        this.skip();
      }
    });

    it('says so in one sentence', async () => {
      const { code, stderr } = await koubou(['--version'], { node: systemNode });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^koubou needs Node 22\.22\.0 or newer; this is [\d.]+\. `npm ci` in .+ installs one for koubou alone\.\n$/,
      );
    });

    describe('with a Node of its own', () => {
      before(async () => {
        const own = join(root, 'node_modules', 'node', 'bin');
        await mkdir(own, { recursive: true });
        await symlink(process.execPath, join(own, 'node'));
      });

      it('goes on under that, with the exit code', async () => {
        const { stdout } = await koubou(['--version'], { node: systemNode, env: {} });
        assert.match(stdout, new RegExp(`node-${process.version}\n$`));
        assert.equal((await koubou(['limit'], { node: systemNode })).code, 4);
      });

      for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
        it(`passes ${signal} on and waits for what it does`, async () => {
          const child = start(['linger'], { node: systemNode });
          child.stdout.once('data', () => child.kill(signal));
          const { code, stdout } = await ending(child);
          assert.equal(stdout, `ready ${process.version}\n${signal}\n`);
          assert.equal(code, 4);
        });
      }

      it('dies of the signal that the other died of', async () => {
        const child = start(['linger'], { node: systemNode });
        child.stdout.once('data', () => child.kill('SIGINT'));
        assert.equal((await ending(child)).signal, 'SIGINT');
      });
    });
  });
});
