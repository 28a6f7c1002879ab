import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { Project } from '../support/koubou/project.ts';

const SYSTEM = process.env['PATH'] ?? '';

describe('the programs of a task', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  it('are those of the shell that a command was typed in, not of the one that works', async () => {
    const hello = project.write('mine/koubou-test-hello', '#!/bin/sh\necho mine\n');
    chmodSync(hello, 0o755);
    const typed = { environment: { PATH: `${dirname(hello)}:${SYSTEM}` } };
    await project.runWith(typed, 'delegate', '--type', 'command', '--', 'koubou-test-hello');
    await project.runWith({ environment: { PATH: SYSTEM } }, 'work', '--drain');
    const { status, result } = await project.only();
    assert.deepEqual([status, result?.output], ['completed', 'mine\n'], result?.error?.hint);
  });
});
