/** What is not added, each with the code that a door answers with. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DelegateRequest } from '../../../src/actions/delegate/delegate.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import type { Fields } from '../../../src/task/fields/asked-task.ts';
import { type AppProject, AS_AGENT, projectForEach } from '../../support/app.ts';

const CONFIG = `
endpoints: { nowhere: { kind: ollama, url: 'http://127.0.0.1:1' } }
runners:
  ollama: { kind: ollama, endpoint: nowhere, model: tiny }
  codex: { kind: codex, endpoint: nowhere, model: tiny }
  writer: { kind: agent, bin: sh, args: ['-c', 'true'], stdin: prompt }
  command: { kind: command }
routing: { default: { general: ollama, code: writer, command: command } }
`;

interface Refused extends Partial<Omit<DelegateRequest, 'fields'>> {
  fields: Fields;
  code?: ErrorCode;
  message: RegExp;
  hint?: RegExp;
  environment?: Readonly<Record<string, string>>;
  given?: (project: AppProject) => unknown;
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'no prompt': { fields: {}, message: /There is no prompt/ },
  'an empty prompt': { fields: { prompt: ' ' }, message: /The prompt is empty/ },
  'two prompts': { fields: { prompt: 'x', promptFile: 'y' }, message: /There are two prompts/ },
  'a command without words': {
    fields: { type: 'command', prompt: 'npm test' },
    message: /there are none/,
    hint: /sh -c 'npm test'/,
  },
  'words that are no program': {
    fields: { prompt: 'x', command: ['npm', 'test'] },
    message: /are a program/,
    hint: /--type command/,
  },
  'a type that there is not': {
    fields: { prompt: 'x', type: 'cmmand' },
    message: /no type of task/,
    hint: /command\?/,
  },
  'a runner that there is not': { fields: { prompt: 'x', runner: 'nope' }, message: /no runner "nope"/ },
  'a template that there is not': {
    fields: { prompt: 'x', template: 'nope' },
    message: /no template "nope"/,
    hint: /^Templates: .*general/,
  },
  'a file that is not there': { fields: { prompt: 'x', files: ['nope'] }, message: /nope does not exist/ },
  'a folder in place of a file': {
    fields: { prompt: 'x', files: ['.'] },
    message: /is a folder/,
    hint: /--each/,
  },
  'a binary for a model': {
    given: (project) => project.write('a.bin', Uint8Array.of(1, 2, 0, 3)),
    fields: { prompt: 'x', files: ['a.bin'] },
    message: /a\.bin is not UTF-8 text/,
  },
  'text in another encoding': {
    given: (project) => project.write('b.txt', Uint8Array.of(0xe9, 0x74)),
    fields: { prompt: 'x', files: ['b.txt'] },
    message: /b\.txt is not UTF-8 text/,
    hint: /iconv/,
  },
  'a text without an end': {
    given: (project) => symlinkSync('/dev/zero', join(project.folder, 'endless')),
    fields: { promptFile: 'endless' },
    message: /endless has no end/,
  },
  'a schema without an end': {
    given: (project) => symlinkSync('/dev/zero', join(project.folder, 'endless')),
    fields: { prompt: 'x', schema: 'endless' },
    message: /endless has no end/,
  },
  'a working folder that is not there': {
    fields: { prompt: 'x', cwd: 'nope' },
    message: /There is no folder .*nope/,
  },
  'a task to wait for that there is not': {
    fields: { prompt: 'x', after: ['zzzzz'] },
    code: 'no_such_task',
    message: /no task with 'zzzzz'/,
  },
  'a schema that is none': {
    given: (project) => project.write('no.json', '{"type": 5}'),
    fields: { prompt: 'x', schema: 'no.json' },
    message: /no\.json is no JSON schema/,
  },
  'files that nothing would write': {
    fields: { prompt: 'x', expect: ['a'] },
    message: /--expect is for files, and the runner ollama gives text but writes none/,
    hint: /--output FILE/,
  },
  'a sandbox of a runner that has none to choose': {
    fields: { prompt: 'x', sandbox: 'read-only' },
    message: /ollama has no sandbox to choose/,
  },
  'full access where the config does not allow it': {
    fields: { prompt: 'x', runner: 'codex', sandbox: 'danger-full-access' },
    code: 'not_allowed',
    message: /danger-full-access is not allowed here/,
    hint: /security\.allow_full_access true/,
  },
  'a conversation of a runner that keeps none': {
    given: (project) => project.delegate({ prompt: 'first' }),
    fields: { prompt: 'x', resumeFrom: 'last' },
    message: /ollama keeps no conversations/,
  },
  'a check outside of the sandbox for a task that must stay': {
    fields: { prompt: 'x', check: 'true', checkOutside: true, localOnly: true },
    code: 'not_local',
    message: /must stay on this machine/,
  },
  'a worktree for a task that is no code': {
    fields: { prompt: 'x', worktree: true, runner: 'writer' },
    message: /is for tasks of type code/,
    hint: /--type code/,
  },
  'a worktree where there is no repository': {
    fields: { prompt: 'x', type: 'code', worktree: true },
    code: 'conflict',
    message: /Nothing was added/,
  },
  'a worktree without git': {
    fields: { prompt: 'x', type: 'code', worktree: true },
    // A folder that is there, and has no programs.
    environment: { PATH: '/usr/share' },
    code: 'no_program',
    message: /git/,
  },
  'an output over a program that the config names': {
    given: (project) => {
      const bin = project.write('bin/mine', '#!/bin/sh\n');
      project.configure(`${CONFIG}\n`.replace('bin: sh', `bin: ${bin}`));
    },
    fields: { prompt: 'x', output: 'bin/mine' },
    message: /a config has .*bin\/mine run as a program/,
  },
  'an output within the home': {
    fields: { prompt: 'x', output: '.koubou/config/agent.yaml' },
    message: /Nothing was added/,
  },
  'a program of an agent where no sandbox can be had': {
    environment: { ...AS_AGENT, PATH: '/usr/share' },
    fields: { type: 'command', command: ['true'] },
    code: 'not_allowed',
    message: /may not have programs run with your rights: true/,
    hint: /In a sandbox it would be allowed, and none can be used here: /,
  },
  'a file of an agent from outside of its project': {
    environment: AS_AGENT,
    fields: { prompt: 'x', files: ['/etc/hostname'] },
    code: 'not_allowed',
    message: /may not have files read that lie outside of this project: \/etc\/hostname/,
    hint: /Pipe in what you may read yourself/,
  },
  'a prompt of an agent from outside of its project, whether it is there or not': {
    environment: AS_AGENT,
    fields: { promptFile: '/etc/koubou-test-none' },
    code: 'not_allowed',
    message: /\/etc\/koubou-test-none/,
  },
  'a pattern of an agent that leaves its project': {
    environment: AS_AGENT,
    fields: { prompt: 'x' },
    each: '/etc/host*',
    code: 'not_allowed',
    message: /--each '?\/etc\/host\*/,
  },
  'an output of an agent outside of its project': {
    environment: AS_AGENT,
    fields: { prompt: 'x', output: '/koubou-test-none' },
    code: 'not_allowed',
    message: /may not have files written outside of this project/,
  },
};

describe('delegate refuses, adding nothing,', () => {
  const project = projectForEach(CONFIG);

  for (const [name, refused] of Object.entries(REFUSED)) {
    it(name, async () => {
      const { given, fields, environment = {}, code = 'usage', message, hint = /./, ...request } = refused;
      await given?.(project());
      const before = await project().records();
      const app = await project().open({ environment });
      await assert.rejects(project().delegate(fields, { app, ...request }), { code, message, hint });
      assert.deepEqual(await project().records(), before);
    });
  }

  it('a zero byte in the prompt', async () => {
    await assert.rejects(project().delegate({ prompt: 'a\0b' }), {
      code: 'usage',
      message: /holds a zero byte, so it is no text\. Nothing was added\.$/,
    });
    assert.deepEqual(await project().records(), []);
  });

  it('a binary, but not of a program, which may read it', async () => {
    project().write('a.bin', Uint8Array.of(1, 2, 0, 3));
    await project().delegate({ type: 'command', command: ['ls'], files: ['a.bin'] });
    assert.equal((await project().only()).files.length, 1);
  });
});
