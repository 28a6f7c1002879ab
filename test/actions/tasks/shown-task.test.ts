import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { shownTask } from '../../../src/actions/tasks/shown-task.ts';
import type { TaskFile } from '../../../src/task/record.ts';
import { temporaryFolder, writeFiles } from '../../config/temporary-home.ts';
import { taskFile } from '../../support/builders.ts';

describe('an unsealed task, as a person is shown it', () => {
  const folder = temporaryFolder();
  const shown = (over: Partial<TaskFile>) =>
    shownTask(taskFile({ cwd: folder(), ...over }), join(folder(), '.koubou'));

  it('says all that it would run, read, write and ask', () => {
    writeFiles(folder(), { 'in.txt': 'x' });
    const { does } = shown({
      type: 'command',
      prompt: '',
      command: ['rm', '-rf', 'a b'],
      files: [{ path: join(folder(), 'in.txt'), sha256: null }],
      options: { check: 'curl evil', output: join(folder(), 'out.txt'), model: 'm' },
      labels: { team: 'web' },
    });
    assert.equal(
      does,
      [
        'runs "rm" "-rf" "a b"',
        `in ${folder()}`,
        'checked by "curl evil"',
        `writes ${folder()}/out.txt`,
        'model "m"',
        'labels {"team":"web"}',
        `reads ${folder()}/in.txt`,
      ].join(', '),
    );
  });

  it('says first what it reads outside of its folder, and where links lead', () => {
    symlinkSync('/etc/hostname', join(folder(), 'link'));
    const { does, task } = shown({ files: [{ path: join(folder(), 'link'), sha256: null }] });
    assert.match(does, /^reads, outside of its folder, .*link \(it leads to \/etc\/hostname\), general task/);
    assert.equal(task.places?.[join(folder(), 'link')], '/etc/hostname');
  });

  it('says where its result may not be written', () => {
    assert.match(shown({ options: { output: join(folder(), '.koubou', 'x') } }).does, /koubou's own home/);
  });

  it('shows what is run whole, and of what models are told the beginning', () => {
    const long = 'x'.repeat(5000);
    assert.ok(shown({ type: 'command', command: [long] }).does.includes(long));
    assert.match(shown({ prompt: long }).does, /"x{999} and 4002 letters more$/);
  });

  it('is taken with the members that are shown, and with nothing of its own making beside them', () => {
    const { task } = shown({
      environment: { PATH: '/evil' },
      places: { '/a': '/b' },
      files: [{ path: '/none', sha256: null, more: 1 }],
      options: { model: 'm', more: 1 },
      mac: 'x',
      more: 1,
    });
    assert.deepEqual(
      [task.environment, task.places?.['/a'], task['more'], task.mac, task.options, task.files],
      [undefined, undefined, undefined, undefined, { model: 'm' }, [{ path: '/none', sha256: null }]],
    );
    assert.equal(task.prompt, 'say hello');
  });
});
