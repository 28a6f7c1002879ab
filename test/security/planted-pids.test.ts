/**
 * Who may write in the folder of a home, such as an agent in a sandbox, may not have koubou end a process there that
 * the sandbox keeps it from. The planted fault is the same file with a seal: what it names is ended.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf } from '../../src/process/liveness.ts';
import { budgetOf, newTask, takeAll, worker } from '../support/builders.ts';
import { Project } from '../support/koubou/project.ts';
import { sealOf } from '../support/state.ts';

describe('a process that a planted file names', () => {
  let project: Project;
  let victim: ChildProcess;
  const at = (...names: string[]): string => join(project.home, ...names);

  beforeEach(async () => {
    project = await Project.make();
    victim = spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
    await once(victim, 'spawn');
  });
  afterEach(async () => {
    victim.kill('SIGKILL');
    await project.remove();
  });

  const isAlive = (): boolean => victim.exitCode === null && victim.signalCode === null;
  const named = (): { pid: number; startTime: string } => {
    const { pid = 0 } = victim;
    return { pid, startTime: startTimeOf(pid) ?? '' };
  };
  const written = (path: string, members: object, sealed: boolean): void => {
    const { mac: _, ...rest } = members as { mac?: string };
    const json = JSON.stringify(rest);
    writeFileSync(path, sealed ? sealOf(project.home).seal(json) : `${json}\n`);
  };
  /** A worker's run file as it was, and a claimed task in the folder that it left. */
  const died = async (): Promise<{ workerId: string; about: object; marker: string; child: string }> => {
    await project.queue.add([newTask()]);
    const member = await project.queue.join(worker());
    const { workerId } = member;
    const claim = await member.claim(takeAll);
    assert.ok(claim);
    const about = JSON.parse(readFileSync(at('run', `${workerId}.json`), 'utf8')) as object;
    return {
      workerId,
      about,
      marker: claim.marker,
      child: at('run', 'children', workerId, `${claim.id}.r${claim.run}.json`),
    };
  };

  for (const sealed of [false, true]) {
    it(`is ${sealed ? '' : 'not '}asked to end by stop where its worker's file is ${sealed ? '' : 'not '}sealed`, async () => {
      const member = await project.queue.join(worker());
      const path = at('run', `${member.workerId}.json`);
      const about = JSON.parse(readFileSync(path, 'utf8')) as object;
      await member.leave();
      written(path, { ...about, ...named() }, sealed);
      const { code, stdout, stderr } = await project.run('stop');
      assert.equal(isAlive(), !sealed, `${code} ${stdout} ${stderr}`);
    });
  }

  const notes: readonly (readonly [what: string, note: { sealed: boolean; of?: string }, run: boolean])[] = [
    ['whose note carries no seal', { sealed: false }, true],
    ["whose note is another run's", { sealed: true, of: 'worker-of-another/task.r1' }, true],
    ['whose worker is no worker of koubou', { sealed: true }, false],
  ];
  for (const [what, { sealed, of }, isWorkers] of notes) {
    it(`is not ended with what a dead worker left, ${what}`, async () => {
      const { workerId, about, marker, child } = await died();
      written(at('run', `${workerId}.json`), { ...about, pid: 999_999_999 }, isWorkers);
      mkdirSync(join(child, '..'), { recursive: true });
      written(child, { ...named(), marker: of ?? marker }, sealed);
      const { reaped } = await project.queue.sweep(budgetOf);
      assert.deepEqual(reaped, [workerId]);
      assert.ok(isAlive());
    });
  }

  it('is ended with what a dead worker left where koubou wrote both', async () => {
    const { workerId, about, marker, child } = await died();
    written(at('run', `${workerId}.json`), { ...about, pid: 999_999_999 }, true);
    written(child, { ...named(), marker }, true);
    const ended = once(victim, 'exit');
    await project.queue.sweep(budgetOf);
    assert.equal((await ended)[1], 'SIGKILL');
  });
});
