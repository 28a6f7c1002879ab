/**
 * Programs that koubou starts for itself, with the rights of the user, while its PATH holds folders that a model may write
 * to. In each test the folder is missing when koubou looks first, and a model makes it; and what looks a program up as a
 * shell does takes the one of the model.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { commandPath, guardedPath } from '../../src/executor/codex/bubblewrap.ts';
import { codexExecutor } from '../../src/executor/codex/codex.ts';
import { codexPlaces } from '../../src/executor/codex/places.ts';
import { confinedExecutor, confinementOf } from '../../src/executor/confine.ts';
import { gitProgram } from '../../src/git/program.ts';
import { knowHome, noteModelFolder } from '../../src/process/homes/model-folders.ts';
import { findProgram } from '../../src/process/programs/find-program.ts';
import { findNamed, findOwn, ownPath, requireNamed } from '../../src/process/programs/own-path.ts';
import { startProgram } from '../../src/process/programs/start-program.ts';
import { bubblewrap, pathWith } from '../support/koubou/bubblewrap.ts';
import { Project } from '../support/koubou/project.ts';
import { buildMutant } from '../support/mutants/source.ts';

const SYSTEM = '/usr/local/bin:/usr/bin:/bin';

describe('a program that koubou starts for itself', function () {
  this.timeout(30_000);
  let root: string;
  let work: string;
  let outside: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-own-')));
    work = join(root, 'work');
    outside = join(root, 'outside');
    for (const folder of [work, outside]) mkdirSync(folder);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const make = (folder: string, name: string, script = 'exit 0'): string => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  /** What koubou is told of a home in `project`, as signing one writes it down. */
  const register = (project: string): void => {
    const homes = join(root, 'key', 'homes');
    mkdirSync(homes, { recursive: true });
    const text = JSON.stringify({ path: join(project, '.koubou'), dev: '1', ino: '1' });
    writeFileSync(join(homes, `${readdirSync(homes).length}`), text);
    knowHome(null, [join(root, 'key')]);
  };

  /** What a model does in the work, with a bubblewrap that is there. `programs`: those that the config names. */
  const confined = async (script: string, programs: string[]): Promise<void> => {
    const tools = join(root, 'bin');
    const path = existsSync(tools) ? `${tools}:${SYSTEM}` : pathWith(tools);
    const environment = { PATH: path, HOME: outside };
    const executor = await confinedExecutor(
      { cwd: work, statePath: outside, own: [], attached: [], staysLocal: true },
      { home: null, keys: [join(root, 'key')], programs, environment, network: 'none', writes: 'folder' },
    );
    const { ended } = await executor.start({
      command: 'sh',
      args: ['-c', script],
      cwd: work,
      environment,
      stdin: 'closed',
      stdoutPath: join(root, 'out'),
      stderrPath: join(root, 'out'),
      lease: null,
    });
    await ended;
  };

  /** The folder of the PATH, below `root`, and what makes it one of a model's. */
  const places: [string, string, () => void | Promise<void>][] = [
    ['below the folder of the work', 'work/bin', () => undefined],
    ['below the repository around it', 'bin', () => mkdirSync(join(root, '.git'))],
    ['of packages, in whatever folder', 'other/node_modules/.bin', () => undefined],
    ['in the project of another home of the user', 'other/bin', () => register(join(root, 'other'))],
    [
      'in the repository around the project of another home',
      'mono/tools',
      () => {
        mkdirSync(join(root, 'mono', '.git'), { recursive: true });
        register(join(root, 'mono', 'a'));
      },
    ],
    [
      'in a project that is not there yet, as a home of it is written down',
      'gone/bin',
      () => register(join(root, 'gone')),
    ],
    [
      'in a folder that a model of an earlier daemon could write to',
      'plain/bin',
      async () => {
        knowHome(null, [join(root, 'key')]);
        mkdirSync(join(root, 'plain'));
        await noteModelFolder(join(root, 'plain'), [join(root, 'key')]);
      },
    ],
    ['behind a link into the work', 'link', () => symlinkSync(join(work, 'bin'), join(root, 'link'))],
  ];

  for (const [where, folder, prepare] of places) {
    it(`is none ${where}, made after koubou looked first`, async () => {
      await prepare();
      const planted = join(root, folder);
      const real = make(outside, 'tool');
      const sought = { path: `${planted}:${outside}:${SYSTEM}`, inside: [work] };
      const look = (): Promise<unknown[]> =>
        Promise.all([
          findOwn('tool', sought).then((own) => own?.program),
          findNamed('tool', sought).then((own) => own?.program),
          ownPath(sought),
        ]);
      // Only where the repository is all that lies around is the other one in it, too.
      const all = existsSync(join(root, '.git'))
        ? [undefined, undefined, SYSTEM]
        : [real, real, `${outside}:${SYSTEM}`];
      assert.deepEqual(await look(), all);
      make(folder === 'link' ? join(work, 'bin') : planted, 'tool');
      assert.deepEqual(await look(), all);
      assert.equal(await findProgram('tool', '/', sought.path), join(planted, 'tool'));
    });
  }

  it('is none of a relative folder, and none that a link of the user leads to in the work', async () => {
    make(join(work, 'tools'), 'tool');
    symlinkSync(join(work, 'tools', 'tool'), join(outside, 'tool'));
    const sought = { path: `tools::.:${outside}`, inside: [work] };
    assert.deepEqual(
      [await findOwn('tool', sought), await findNamed('tool', sought)],
      [undefined, undefined],
    );
    assert.equal(await ownPath(sought), outside);
    // An empty PATH would name the folder in which a program works.
    assert.equal(await ownPath({ path: '.', inside: [] }), SYSTEM);
    assert.equal(await findProgram('tool', work, sought.path), join(work, 'tools', 'tool'));
  });

  it('is no longer the one that was found, once its folder belongs to a project', async () => {
    const sought = { path: `${outside}:${SYSTEM}`, inside: [work] };
    const tool = make(outside, 'tool');
    assert.equal((await findOwn('tool', sought))?.program, tool);
    register(outside);
    assert.equal(await findOwn('tool', sought), undefined);
  });

  it('is found below a folder that no model may have whole', async () => {
    // `/` holds the home folder of the user, as a home folder with a home in it does.
    const tool = make(outside, 'tool');
    assert.equal((await findOwn('tool', { path: outside, inside: ['/'] }))?.program, tool);
    const usual = make(join(root, 'home', 'bin'), 'tool');
    const path = `${dirname(usual)}:${outside}`;
    assert.equal((await findNamed('tool', { path, inside: ['/'] }))?.program, usual);
  });

  it('is written down once for each folder outside of all projects, and forgotten with it', async () => {
    const key = join(root, 'key');
    register(join(root, 'other'));
    for (const folder of [join(root, 'other', 'sub'), work, work]) await noteModelFolder(folder, [key]);
    const names = readdirSync(join(key, 'given'));
    assert.equal(names.length, 1);
    assert.deepEqual(JSON.parse(readFileSync(join(key, 'given', names[0] ?? ''), 'utf8')), { path: work });
    for (let nth = 0; nth < 200; nth += 1) await noteModelFolder(join(root, `gone-${nth}`), [key]);
    assert.deepEqual(readdirSync(join(key, 'given')), names);
  });

  for (const name of ['setpriv', 'git', 'bwrap']) {
    it(`is not the ${name} of a model: what it would run is not run`, async function () {
      if (process.platform !== 'linux') this.skip();
      const taken = join(root, 'taken');
      make(join(work, 'bin'), name, `touch ${taken}\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"`);
      const path = `${join(work, 'bin')}:${SYSTEM}`;
      if (name === 'git') assert.notEqual((await gitProgram(path, [work])).program, join(work, 'bin', 'git'));
      if (name === 'bwrap') {
        const place = { cwd: work, statePath: outside, own: [], attached: [], staysLocal: true };
        const environment = { PATH: path, HOME: outside };
        await confinedExecutor(place, {
          home: null,
          keys: [],
          environment,
          network: 'none',
          writes: 'folder',
        }).catch((error: unknown) => assert.ok(error instanceof KoubouError));
      }
      const started = (cwd: string): Promise<unknown> =>
        startProgram({
          command: 'true',
          args: [],
          cwd,
          environment: { PATH: path },
          stdin: 'closed',
          stdoutPath: '/dev/null',
          stderrPath: '/dev/null',
          lease: null,
        }).then(({ ended }) => ended);
      await started(work);
      assert.equal(existsSync(taken), false);
      if (name !== 'setpriv') return;
      // Work elsewhere makes nothing of this folder: without a word of the project it is one like any other.
      await started(outside);
      assert.ok(existsSync(taken));
    });
  }

  describe('where the config names it without a folder', () => {
    const refused = (error: unknown, planted: string): boolean => {
      assert.ok(error instanceof KoubouError);
      assert.equal(error.code, 'no_program');
      assert.match(error.message, new RegExp(`^The only "codex" is ${planted}, `));
      assert.ok(error.hint.endsWith(`koubou config runners.mine.bin ${planted}`), error.hint);
      return true;
    };

    it('is the one that lies elsewhere, or none, with what to do; a path is taken at its word', async () => {
      const planted = make(join(work, 'node_modules', '.bin'), 'codex');
      const sought = { path: `${dirname(planted)}:${outside}:/bin`, inside: [work] };
      await assert.rejects(requireNamed('codex', sought, 'runners.mine.bin'), (error) =>
        refused(error, planted),
      );
      assert.deepEqual(await requireNamed(planted, sought, ''), {
        program: planted,
        path: `${outside}:/bin`,
      });
      const own = make(outside, 'codex');
      assert.deepEqual((await requireNamed('codex', sought, '')).program, own);
    });

    it('is started with a PATH of such folders alone, while its commands have the whole', async () => {
      const said = join(root, 'said');
      make(
        outside,
        'codex',
        `printf '%s\\n' "$PATH" >>'${said}'\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"`,
      );
      make(join(work, 'bin'), 'tool', `printf '%s\\n' "$PATH" "$1" >>'${said}'`);
      const whole = `${join(work, 'bin')}:${outside}:${SYSTEM}`;
      const statePath = join(root, 'state');
      mkdirSync(statePath);
      mkdirSync(join(root, 'home'));
      const executor = await codexExecutor({
        name: 'mine',
        bin: 'codex',
        path: whole,
        sandbox: 'workspace-write',
        home: join(root, 'home'),
        hidden: [],
        place: { cwd: work, statePath, own: [], attached: [], staysLocal: false },
      });
      const { ended } = await executor.start({
        command: 'tool',
        args: ['a b'],
        cwd: work,
        environment: { PATH: whole },
        stdin: 'closed',
        stdoutPath: join(root, 'out'),
        stderrPath: join(root, 'out'),
        lease: null,
      });
      await ended;
      const printed = existsSync(said) ? readFileSync(said, 'utf8') : readFileSync(join(root, 'out'), 'utf8');
      const [own = '', ...rest] = printed.split('\n');
      // In front may stand koubou's own bubblewrap for Codex.
      assert.equal(own.replace(`${join(statePath, 'check', 'bin')}:`, ''), `${outside}:${SYSTEM}`);
      assert.deepEqual(rest, [whole, 'a b', '']);
      const box = { programs: '/box' };
      assert.deepEqual(
        [
          commandPath(whole, outside, box, `/box:${outside}`),
          commandPath(whole, outside, box, outside),
          commandPath(whole, outside, null, outside),
          commandPath(outside, outside, box, `/box:${outside}`),
        ],
        // Codex's sandbox would start a bubblewrap of the project, where none of koubou's comes first.
        [`/box:${whole}`, null, whole, null],
      );
    });
  });

  it('stays as it is in every sandbox, where the config names its place in the project', async function () {
    if (bubblewrap() === null) this.skip();
    const plain = make(join(work, 'tools'), 'plain');
    const link = join(work, 'links', 'linked');
    mkdirSync(dirname(link));
    symlinkSync(make(outside, 'linked'), link);
    const script = `echo x >${plain}; mv ${work}/tools ${work}/away; rm -f ${link}; echo x >${link}; true`;
    const texts = (): string[] =>
      [plain, link].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
    const before = texts();
    await confined(script, [plain, link]);
    assert.deepEqual(texts(), before);
    await confined(script, []);
    assert.deepEqual(texts(), ['', 'x\n']);
  });

  it('stays the one that the config names where links on the way to it could be turned round', async function () {
    if (bubblewrap() === null) this.skip();
    make(join(work, 'tools', 'v1', 'bin'), 'tool', 'echo right');
    symlinkSync('v1', join(work, 'tools', 'current'));
    mkdirSync(join(work, 'links'));
    symlinkSync('../tools/current', join(work, 'links', 'tool'));
    const named = join(work, 'links', 'tool', 'bin', 'tool');
    const turned = join(work, 'turned', 'bin');
    const script = `mkdir -p ${turned}; printf '#!/bin/sh\necho wrong\n' >${turned}/tool; chmod +x ${turned}/tool
      for link in tools/current links/tool; do ln -sfn ${work}/turned $link; done
      mv tools/v1 tools/away; mv ${work}/turned tools/v1; mv tools away; true`;
    const says = (): string => (existsSync(named) ? execFileSync(named, { encoding: 'utf8' }) : 'nothing');
    await confined(script, [named]);
    assert.equal(says(), 'right\n');
    await confined(script, []);
    assert.notEqual(says(), 'right\n');
  });

  it('is named by no link that lies right in the folder of a sandbox, where nothing can hold it', async () => {
    const tool = make(join(work, 'v1'), 'tool');
    symlinkSync('v1', join(work, 'current'));
    const programs = [join(work, 'current', 'tool')];
    const refusal = (error: unknown): boolean => {
      assert.ok(error instanceof KoubouError);
      assert.equal(error.code, 'not_allowed');
      assert.ok(error.hint.endsWith(tool), error.hint);
      return true;
    };
    const place = { cwd: work, statePath: outside, own: [], attached: [], staysLocal: true };
    const environment = { PATH: SYSTEM, HOME: outside };
    const asked = { home: null, keys: [], environment, network: 'none', writes: 'folder' } as const;
    await assert.rejects(confinementOf(place, { ...asked, programs }), refusal);
    await confinementOf(place, { ...asked, programs: [tool] });
    const box = { shown: '/s', codexHome: '/s/codex', copies: '/s/copies', temporary: '/t', programs: '/p' };
    const ofCodex = { cwd: work, home: outside, hidden: [], box, bin: 'codex', path: SYSTEM };
    const places = codexPlaces({ ...ofCodex, sandbox: 'workspace-write', programs });
    await assert.rejects(places, refusal);
    await codexPlaces({ ...ofCodex, sandbox: 'read-only', programs });
  });

  it('stays as it is where the work is done in the very package, and so does a git folder', async () => {
    const tool = make(join(work, 'node_modules', 'tool', 'bin'), 'tool');
    const inGit = join(work, '.git', 'worktrees', 'one');
    for (const name of ['objects', 'refs', 'worktrees/one'])
      mkdirSync(join(work, '.git', name), { recursive: true });
    writeFileSync(join(work, '.git', 'HEAD'), 'ref: refs/heads/main\n');
    const environment = { PATH: SYSTEM, HOME: outside };
    const asked = { home: null, keys: [], environment, network: 'none' } as const;
    const box = { shown: '/s', codexHome: '/s/codex', copies: '/s/copies', temporary: '/t', programs: '/p' };
    for (const cwd of [dirname(tool), dirname(dirname(tool)), inGit, join(work, '.git')]) {
      const place = { cwd, statePath: outside, own: [], attached: [], staysLocal: true };
      for (const writes of ['folder', 'project'] as const) {
        await assert.rejects(confinementOf(place, { ...asked, writes, programs: [tool] }), {
          code: 'not_allowed',
        });
      }
      const ofCodex = { cwd, home: outside, hidden: [], box, bin: 'codex', path: SYSTEM };
      await assert.rejects(codexPlaces({ ...ofCodex, sandbox: 'workspace-write', programs: [tool] }), {
        code: 'not_allowed',
      });
    }
  });

  it('stays as it is also where the config of another home names it, once that can be read', async function () {
    if (bubblewrap() === null) this.skip();
    const tool = make(join(work, 'tools'), 'tool');
    const before = readFileSync(tool, 'utf8');
    const config = join(root, 'other', '.koubou', 'config', 'agent.yaml');
    mkdirSync(dirname(config), { recursive: true });
    register(join(root, 'other'));
    const kept = async (text: string): Promise<boolean> => {
      writeFileSync(config, text);
      await confined('echo x >tools/tool', []);
      const isKept = readFileSync(tool, 'utf8') === before;
      writeFileSync(tool, before);
      return isKept;
    };
    for (const [text, isKept] of [
      [`runners: { mine: { kind: codex, bin: ${tool} } }`, true],
      ['runners: { mine: { kind: codex, bin: codex } }', false],
      [`runners: { mine: { kind: agent, bin: "${tool}" } }`, true],
      [`runners: { mine: { bin: ${tool} }`, false],
    ] as const)
      assert.equal(await kept(text), isKept, text);
  });

  it('is no bubblewrap beside Codex that a model may have written', async function () {
    if (process.platform !== 'linux') this.skip();
    register(work);
    const taken = join(root, 'taken');
    const isTaken = async (top: string): Promise<boolean> => {
      rmSync(taken, { force: true });
      const bin = make(join(top, 'bin'), 'codex');
      make(join(top, 'codex-resources'), 'bwrap', `touch ${taken}; echo --disable-userns`);
      const folder = mkdtempSync(join(root, 'box-'));
      // No bubblewrap of the system is on this PATH.
      const path = await guardedPath(folder, { bin, path: outside });
      assert.equal(path === outside, !existsSync(taken));
      return existsSync(taken);
    };
    assert.equal(await isTaken(join(work, 'tools')), false);
    assert.equal(await isTaken(join(outside, 'tools')), true);
    // No sandbox lets a package be changed that Codex is started from.
    assert.equal(await isTaken(join(work, 'node_modules', '@openai', 'codex')), true);
  });
});

describe('a folder of the PATH in the project, which a sandbox makes', function () {
  this.timeout(60_000);

  /** An agent has one made, with programs of those names; then a person has something done. */
  const attack = async (folder: string, program?: string): Promise<{ planted: boolean; taken: string[] }> => {
    const project = await Project.make();
    const tools = mkdtempSync(join(tmpdir(), 'koubou-own-tools-'));
    execFileSync('git', ['init', '--quiet', project.folder]);
    try {
      const path = `${join(project.folder, folder)}:${pathWith(join(tools, 'bin'))}`;
      const call = async (environment: Record<string, string>, ...args: string[]): Promise<void> => {
        const { code, stderr } = await project.runWith(
          { environment: { PATH: path, HOME: tools, ...environment }, program },
          ...args,
        );
        assert.equal(code, 0, stderr);
      };
      const taken = join(project.folder, 'taken');
      project.write(
        'trap',
        `#!/bin/sh\necho "\${0##*/}" >>'${taken}'\nPATH=${SYSTEM}\nexec "\${0##*/}" "$@"\n`,
      );
      const script = `mkdir -p ${folder}; chmod +x trap; for n in setpriv git sh ps df bwrap; do cp trap ${folder}/$n; done`;
      await call({ CLAUDECODE: '1' }, 'delegate', '--type', 'command', '--', 'sh', '-c', script);
      await call({}, 'work', '--drain');
      rmSync(taken, { force: true });
      await call({}, 'delegate', '--type', 'command', '--check', 'true', '--', 'true');
      await call({}, 'work', '--drain');
      const states = (await project.records()).map(({ status }) => status);
      assert.deepEqual(states, ['completed', 'completed']);
      return {
        planted: existsSync(join(project.folder, folder, 'setpriv')),
        taken: existsSync(taken) ? [...new Set(readFileSync(taken, 'utf8').trim().split('\n'))].sort() : [],
      };
    } finally {
      await project.remove();
      rmSync(tools, { recursive: true, force: true });
    }
  };

  beforeEach(function () {
    if (bubblewrap() === null) this.skip();
  });

  for (const folder of ['bin', 'node_modules/.bin']) {
    it(`gives koubou no program: ${folder}`, async () => {
      assert.deepEqual(await attack(folder), { planted: true, taken: [] });
    });
  }

  it('would give it several without the guard', async () => {
    const file = 'process/programs/own-path.ts';
    const program = await buildMutant(
      { file, from: 'if (isWithin(path, at) && counts(at)) return true;', to: '' },
      { file, from: "if (`${plain}/`.includes('/node_modules/')) return false;", to: '' },
    );
    for (const folder of ['bin', 'node_modules/.bin']) {
      assert.deepEqual(await attack(folder, program), { planted: true, taken: ['setpriv', 'sh'] });
    }
  });
});
