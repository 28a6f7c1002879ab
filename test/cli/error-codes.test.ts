/** A refusal at the command line: its code in the document, and the exit code. Which code it is, tests of actions say. */
import assert from 'node:assert/strict';
import { Project } from '../support/koubou/project.ts';

describe('a refusal', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  for (const [name, code, args] of [
    ['a flag that does not exist', 'usage', ['delegate', '--colour', 'red', 'hello']],
    ['a value out of bounds', 'usage', ['delegate', '--priority', '11', 'hello']],
    ['what an action refuses', 'conflict', ['workers', 'scale', '1', '4']],
    ['what an agent may not', 'not_allowed', ['config', 'workers.max', '3']],
  ] as const)
    it(`of ${name} has the code ${code}, and the command exits 2`, async () => {
      const environment: Record<string, string> = code === 'not_allowed' ? { CLAUDECODE: '1' } : {};
      const ended = await project.runWith({ environment }, ...args, '--json');
      const { error } = JSON.parse(ended.stdout);
      assert.deepEqual([error.code, ended.code], [code, 2], error.message);
    });
});
