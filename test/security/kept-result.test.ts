/** Principle 7, its first half: what is kept is what was checked. Each promise stands beside a planted fault. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KoubouError } from '../../src/errors.ts';
import { isUnchanged, sealCandidate } from '../../src/verify/candidate.ts';
import { publishOutput } from '../../src/verify/publish.ts';
import { Project } from '../support/koubou/project.ts';
import { cannotMount, Mounted } from '../support/mounts.ts';
import { until } from '../support/until.ts';
import { FakeRunner, Rig } from '../support/worker/rig.ts';

const text = (path: string): string => readFileSync(path, 'utf8');

describe('a candidate that is set apart', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-kept-')));
    path = join(folder, 'run-1.output');
    writeFileSync(path, 'the answer\n', { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('has an inode of its own, which whoever holds the old one open cannot reach', async () => {
    const held = openSync(path, 'a');
    try {
      const before = statSync(path).ino;
      const candidate = await sealCandidate(path);
      writeSync(held, 'and more, after the check\n');
      assert.notEqual(statSync(path).ino, before);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(text(path), 'the answer\n');
      assert.ok(candidate !== null && (await isUnchanged(candidate)));
      assert.deepEqual(readdirSync(folder), ['run-1.output']);
    } finally {
      closeSync(held);
    }
  });

  it('would change under the check without that', () => {
    const held = openSync(path, 'a');
    writeSync(held, 'and more, after the check\n');
    closeSync(held);
    assert.notEqual(text(path), 'the answer\n', 'the planted fault');
  });

  it('is known to be changed, by its content, a link or its end', async () => {
    for (const change of [
      () => writeFileSync(path, 'another'),
      () => {
        rmSync(path);
        writeFileSync(join(folder, 'same'), 'the answer\n');
        symlinkSync('same', path);
      },
      () => rmSync(path),
    ]) {
      rmSync(path, { force: true });
      writeFileSync(path, 'the answer\n');
      const candidate = await sealCandidate(path);
      assert.ok(candidate !== null && (await isUnchanged(candidate)));
      change();
      assert.equal(await isUnchanged(candidate), false);
    }
  });

  it('is no file that a link leads to, and none where the run left none', async () => {
    rmSync(path);
    assert.equal(await sealCandidate(path), null);
    symlinkSync('/etc/passwd', path);
    await assert.rejects(sealCandidate(path), /no file of koubou's own/);
    assert.deepEqual(readdirSync(folder), ['run-1.output']);
  });

  it('clears away what a killed try left half copied', async () => {
    writeFileSync(`${path}.half`, 'the ans');
    await sealCandidate(path);
    assert.deepEqual(readdirSync(folder), ['run-1.output']);
    assert.equal(text(path), 'the answer\n');
  });

  it('has an inode of its own also where it is empty', async () => {
    writeFileSync(path, '');
    const held = openSync(path, 'a');
    const candidate = await sealCandidate(path);
    writeSync(held, 'late');
    closeSync(held);
    assert.equal(text(path), '');
    assert.ok(candidate !== null && (await isUnchanged(candidate)));
  });

  it('is as it was where the disk has no room for the copy, which is said', async function () {
    if ((await cannotMount()) !== null) return this.skip();
    const disk = Mounted.make('tmpfs', { megabytes: 1 });
    try {
      const full = join(disk.folder, 'run-1.output');
      writeFileSync(full, Buffer.alloc(700_000, 'x'));
      const before = statSync(full).ino;
      await assert.rejects(sealCandidate(full), (error) => {
        assert.ok(error instanceof KoubouError);
        return error.code === 'disk_full';
      });
      assert.deepEqual([readdirSync(disk.folder), statSync(full).ino], [['run-1.output'], before]);
    } finally {
      disk.remove();
    }
  });

  it('is not published where it is another than the one that was judged', async () => {
    const candidate = await sealCandidate(path);
    writeFileSync(path, 'another');
    const target = join(folder, 'out.md');
    const publication = { place: target, sha256: candidate?.sha256 };
    await assert.rejects(
      publishOutput(path, target, { id: 't', run: 1 }, undefined, publication),
      (error) => {
        assert.ok(error instanceof KoubouError);
        return error.code === 'output_changed';
      },
    );
    assert.deepEqual(readdirSync(folder), ['run-1.output']);
    await publishOutput(path, target, { id: 't', run: 1 });
    assert.equal(text(target), 'another', 'the planted fault: without its hash it is published');
  });
});

describe('a result that was checked', () => {
  let project: Project;
  const at = (...names: string[]): string => join(project.folder, ...names);
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const done = async (...args: string[]) => {
    const { stdout, stderr } = await project.run('delegate', '--type', 'command', ...args);
    const id = stdout.split('\n')[0] ?? '';
    assert.match(id, /^task_/, stderr);
    await project.run('work', '--drain');
    const record = await project.queue.get(id);
    assert.ok(record?.result);
    return record;
  };

  it('fails where the check wrote to it, and nothing is published', async () => {
    const check = 'echo more >> "$KOUBOU_OUTPUT"';
    const { result } = await done(
      '--retries',
      '0',
      '--check',
      check,
      '--output',
      'out.md',
      '--',
      'echo',
      'words',
    );
    assert.equal(result?.error?.code, 'output_changed');
    assert.match(result?.error?.hint ?? '', /KOUBOU_OUTPUT/);
    assert.ok(!existsSync(at('out.md')));
  });

  it('may be formatted elsewhere by the check', async () => {
    const check = 'tr a-z A-Z < "$KOUBOU_OUTPUT" > upper.txt && test -s upper.txt && cat > from-stdin.txt';
    const { status } = await done('--check', check, '--', 'echo', 'words');
    assert.equal(status, 'completed');
    assert.deepEqual([text(at('upper.txt')), text(at('from-stdin.txt'))], ['WORDS\n', 'words\n']);
  });

  it('stays as it is whatever a survivor of the run writes', async () => {
    // It left its run's session, group and marker; where it is found and ended all the same, that is right as well.
    const script =
      'echo words; setsid env -i sh -c "echo \\$\\$ > pid; until test -e go; do :; done; echo late; echo done > went" & until test -s pid; do :; done';
    const check = 'touch go; while kill -0 $(cat pid) && ! test -e went; do :; done; grep -qx words';
    const record = await done('--check', check, '--output', 'out.md', '--', 'sh', '-c', script);
    assert.equal(record.status, 'completed', JSON.stringify(record.result));
    assert.equal(text(at('out.md')), 'words\n');
    assert.equal(record.result?.output, 'words\n');
  });

  it('is read again for a model, too', async () => {
    const rig = await Rig.make();
    try {
      const id = await rig.add({ options: { check: 'echo more >> "$KOUBOU_OUTPUT"', retries: 0 } });
      await rig.drain(new FakeRunner(() => 'words'));
      const { result } = await rig.record(id);
      assert.equal(result?.error?.code, 'output_changed');
      const path = (await rig.queue.artifacts.find(id, 1, 'output'))?.path ?? '';
      assert.deepEqual(
        readdirSync(dirname(path)).filter((name) => name.includes('half')),
        [],
      );
    } finally {
      await rig.remove();
    }
  });
});

describe('a program that is killed while its result is set apart', () => {
  it('leaves the result whole, and a half copy that the next try removes', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-kept-')));
    try {
      const path = join(folder, 'run-1.output');
      writeFileSync(path, Buffer.alloc(64 * 1024 * 1024, 'x'));
      const module = new URL('../../src/verify/candidate.ts', import.meta.url).href;
      const program = `const { sealCandidate } = await import('${module}'); for (;;) await sealCandidate('${path}');`;
      for (let kill = 0; kill < 5; kill += 1) {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
        const before = statSync(path).ino;
        await until(() => existsSync(`${path}.half`) || statSync(path).ino !== before, 'the copy');
        child.kill('SIGKILL');
        await new Promise((resolve) => child.once('close', resolve));
        assert.equal(statSync(path).size, 64 * 1024 * 1024);
      }
      assert.notEqual(await sealCandidate(path), null);
      assert.deepEqual(readdirSync(folder), ['run-1.output']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
