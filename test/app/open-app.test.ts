/** The app as every door opens it: whose home it is, what is read of it, and what it gives. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isLiving, isSilent, livingWorker } from '../../src/app/living.ts';
import { examineHome, homeToSign, requireSeal } from '../../src/app/open-home.ts';
import { refuseUntrusted } from '../../src/app/own-home.ts';
import { ownProgram } from '../../src/app/own-program.ts';
import type { WorkerInfo } from '../../src/queue/queue.ts';
import { AppProject, AS_AGENT, CONFIG, projectForEach } from '../support/app.ts';
import { newTask } from '../support/builders.ts';

const EVIL = `endpoints: { far: { kind: openai, url: 'http://evil.example/v1', api_key_env: KEY } }
runners: { mine: { kind: agent, bin: evil, args: ['-x'], stdin: prompt } }
`;

describe('the app', () => {
  const project = projectForEach();

  it('is that of the nearest home at or above the folder, or of the one that is named', async () => {
    project().write('sub/deep/a', '');
    const cwd = join(project().folder, 'sub', 'deep');
    const { home, cwd: where, caller } = await project().open({ cwd });
    assert.deepEqual([home, where, caller.principal.role], [project().home, cwd, 'owner']);
    const other = await AppProject.make();
    try {
      assert.equal((await project().open({ home: other.home })).home, other.home);
      const environment = { KOUBOU_HOME: other.home };
      assert.equal((await project().open({ environment })).home, other.home);
    } finally {
      await other.remove();
    }
  });

  it('is of no home where there is none, and of no config that is wrong', async () => {
    const nowhere = { cwd: '/', environment: { HOME: '/nowhere' } };
    await assert.rejects(project().open(nowhere), { code: 'no_home' });
    await assert.rejects(project().open({ home: 'none' }), { code: 'no_home', message: /no such folder/ });
    project().configure('workers:\n  mx: 3\n');
    await assert.rejects(project().open(), { code: 'usage', message: /line 2.*workers\.mx/ });
  });

  it('has what the home’s own config and .env say, and the environment before them', async () => {
    project().configure(`${CONFIG}workers: { max: 2 }\n`);
    project().write('.koubou/config/.env', 'KEY=of the file\nOTHER=of the file\n');
    const app = await project().open({ environment: { KEY: 'of the shell' } });
    assert.equal(app.config.workers.max, 2);
    assert.deepEqual([app.variable('KEY'), app.variable('OTHER')], ['of the shell', 'of the file']);
  });

  it('gives programs no variable that the config does not name', async () => {
    project().configure('security: { env_pass: [PASSED] }\n');
    const environment = { PASSED: '1', SECRET: '2' };
    const given = await (await project().open({ environment })).programEnvironment();
    assert.deepEqual(
      [given['PASSED'], given['SECRET'], given['PATH']],
      ['1', undefined, process.env['PATH']],
    );
  });

  it('has the runners of the config, made once', async () => {
    const app = await project().open();
    const runners = await app.runners();
    assert.deepEqual([...runners.keys()].toSorted(), ['command', 'ollama']);
    assert.equal(await app.runners(), runners);
  });

  it('knows the templates there are', async () => {
    const app = await project().open();
    project().write('.koubou/config/prompts/mine.md', 'Mine.');
    await app.requireTemplate('mine');
    await app.requireTemplate('general');
    await assert.rejects(app.requireTemplate('nope'), { code: 'usage', message: /no template "nope"/ });
  });

  it('has a project that ends where the home’s folder does, without the home', async () => {
    const { has } = (await project().openAsAgent()).project();
    const inside = (name: string) => has(join(project().folder, name));
    assert.deepEqual(
      [inside('a'), inside('.koubou/config/agent.yaml'), has(dirname(project().folder))],
      [true, false, false],
    );
  });
});

describe('the app of a home that is not this user’s own', () => {
  const project = projectForEach(EVIL);
  beforeEach(() => {
    project().write('.koubou/home.json', '{}');
    project().write('.koubou/config/.env', 'KEY=theirs\n');
  });

  it('is not opened to act: a person is told what it would run', async () => {
    await assert.rejects(project().open(), {
      code: 'untrusted_home',
      message: /It would run: runner mine: evil -x\n.*It would send to: .*evil\.example.*\n.*\.env sets: KEY/,
      hint: /koubou trust/,
    });
    await assert.rejects(project().openAsAgent(), (error: Error) => {
      assert.match(error.message, /programs: 1, endpoints: 1, variables: 1/);
      assert.doesNotMatch(error.message, /evil/);
      return true;
    });
  });

  it('is opened to look: neither its config nor its .env is read, and nothing is written', async () => {
    const before = readdirSync(project().home, { recursive: true });
    const app = await project().open({ purpose: 'look' });
    assert.deepEqual(Object.keys(app.config.runners), ['command']);
    assert.deepEqual([app.variable('KEY'), app.seal, app.isTrusted()], [undefined, undefined, false]);
    assert.throws(() => requireSeal(app), { code: 'untrusted_home' });
    assert.equal(project().warnings.length, 1);
    await assert.rejects(app.queue.add([newTask()]), { code: 'untrusted_home' });
    assert.deepEqual(readdirSync(project().home, { recursive: true }), before);
  });

  it('withholds all of its tasks from an agent: by which rules they must stay is not known', async () => {
    const app = await project().openAsAgent({ purpose: 'look' });
    await assert.rejects(app.view.requireShown('task_x'), {
      code: 'not_allowed',
      message: /is not known: nothing of it was shown/,
    });
  });

  it('is not examined by doctor either', async () => {
    await assert.rejects(examineHome(project().request()), { code: 'untrusted_home' });
    const { home, environment } = { home: project().home, ...project().request() };
    await assert.rejects(refuseUntrusted(home, environment), { code: 'untrusted_home' });
  });
});

describe('an agent that names a home', () => {
  const project = projectForEach();
  let other: AppProject;
  beforeEach(async () => {
    other = await AppProject.make();
  });
  afterEach(() => other.remove());

  it('has that of its folder, however it is named, and no other', async () => {
    assert.equal((await project().openAsAgent({ home: '.koubou' })).home, project().home);
    for (const named of [{ home: other.home }, { environment: { KOUBOU_HOME: other.home } }])
      await assert.rejects(project().openAsAgent(named), {
        code: 'not_allowed',
        message: /may not use the home of another project/,
        hint: new RegExp(`The home here is ${project().home}`),
      });
    const request = project().request({ home: other.home, environment: AS_AGENT });
    await assert.rejects(examineHome(request), { code: 'not_allowed' });
  });

  it('has none by a link to another', async () => {
    mkdirSync(join(project().folder, 'sub'));
    symlinkSync(other.home, join(project().folder, 'sub', '.koubou'));
    const cwd = join(project().folder, 'sub');
    await assert.rejects(project().openAsAgent({ cwd }), { code: 'not_allowed', message: /is a link to/ });
  });

  it('has none to sign', () => {
    assert.throws(() => homeToSign(project().request({ environment: AS_AGENT })), { code: 'not_allowed' });
    assert.equal(homeToSign(project().request()), project().home);
  });
});

describe('a home whose config cannot be read', () => {
  const project = projectForEach('workers:\n  mx: 3\n');

  it('is examined all the same, with what is wrong', async () => {
    const { home, config } = await examineHome(project().request());
    assert.equal(home, project().home);
    assert.ok('fault' in config && config.fault instanceof Error);
    assert.match(config.fault.message, /workers\.mx/);
  });
});

describe('a worker', () => {
  const info = (status: WorkerInfo['status'], over: Partial<WorkerInfo> = {}) =>
    ({ status, notes: [], ...over }) as unknown as WorkerInfo;

  it('lives where it is heard, or is silent and can be seen', () => {
    const living = [info('idle'), info('busy'), info('silent', { start_time: '1' })];
    const gone = [info('silent'), info('offline', { start_time: '1' })];
    assert.deepEqual([...living, ...gone].map(isLiving), [true, true, true, false, false]);
    assert.deepEqual([...living, ...gone].map(isSilent), [false, false, true, true, true]);
  });

  it('is counted on where it lives and takes tasks', async () => {
    const stopping = info('busy', { notes: ['stopping: takes nothing new'] });
    const counted = (...workers: WorkerInfo[]) => livingWorker({ workers: async () => workers });
    assert.equal(await counted(stopping, info('offline')), undefined);
    const idle = info('idle', { notes: ['disk full'] });
    assert.equal(await counted(stopping, idle), idle);
  });

  it('is started by the program that this is', () => {
    const { command, args } = ownProgram(['work']);
    assert.equal(command, process.execPath);
    assert.match(args.join(' '), /\/bin\/run\.js work$/);
  });
});
