import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { builtKoubou } from '../support/koubou/built.ts';
import { Project } from '../support/koubou/project.ts';
import { stateHome } from '../support/state.ts';

describe('koubou result', () => {
  let project: Project;
  beforeEach(async () => {
    project = await Project.make();
  });
  afterEach(() => project.remove());

  const add = async (...args: string[]) => (await project.run('delegate', ...args)).stdout.trim();

  it('prints the output alone, as it is', async () => {
    await add('x');
    await project.finish('one\n\n"two" 日本\u{1F600} without a newline');
    const { code, stdout, stderr } = await project.run('result');
    assert.deepEqual([code, stdout, stderr], [0, 'one\n\n"two" 日本\u{1F600} without a newline', '']);
  });

  it('leaves the cursor of a terminal on a line of its own', async function () {
    if (spawnSync('script', ['--version']).status !== 0) this.skip();
    await add('x');
    await project.finish('without a newline');
    const line = `"${process.execPath}" "${await builtKoubou()}" result`;
    const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
      cwd: project.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], TERM: 'dumb', XDG_STATE_HOME: stateHome },
    });
    assert.equal(stdout, 'without a newline\r\n');
  });

  it('prints bytes that are no text', async () => {
    await add('x');
    const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 31) % 256));
    await project.finish(bytes);
    const child = spawn(process.execPath, [await builtKoubou(), 'result'], {
      cwd: project.folder,
      env: { XDG_STATE_HOME: stateHome },
    });
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    await once(child, 'close');
    assert.ok(Buffer.concat(pieces).equals(bytes));
  });

  it('ends silently when its reader has gone', async () => {
    await add('x');
    await project.finish('line\n'.repeat(500_000));
    const line = `{ "${process.execPath}" "${await builtKoubou()}" result; echo "exit $?" >&2; } | head -1`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], {
      cwd: project.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], XDG_STATE_HOME: stateHome },
    });
    assert.deepEqual([stdout, stderr], ['line\n', 'exit 0\n']);
  });

  it('prints only the lines asked for', async () => {
    await add('x');
    await project.finish('1\n2\n3\n4');
    assert.equal((await project.run('result', '--head', '2')).stdout, '1\n2\n');
    assert.equal((await project.run('result', '--tail', '2')).stdout, '3\n4');
    assert.equal((await project.run('result', '--head', '2', '--tail', '2')).code, 2);
  });

  it('of a failed task prints the reason on stderr, nothing on stdout, and ends with 1', async () => {
    await add('x');
    await project.finish('not accepted', 'failure');
    const { code, stdout, stderr } = await project.run('result');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /failed: it was check_failed\n.*\nWhat it gave was not accepted; it is kept in \//);
  });

  it('of a task that has not ended is exit 4 with nothing on stdout, whoever calls and however', async () => {
    const id = await add('--in', '1h', 'x');
    const ask = async (args: readonly string[], environment: Record<string, string> = {}) => {
      const { code, stdout, stderr } = await project.runWith({ environment }, 'result', ...args);
      assert.deepEqual([code, stdout], [4, ''], args.join(' '));
      assert.ok(stderr.includes(id));
    };
    const waits = [['--wait', '--json'], ['--wait']];
    for (const args of [[], ['--json'], ['--format', 'jsonl'], ...waits]) await ask(args);
    // An agent that names no limit may end a wait with 0, but not one for a result.
    for (const args of waits) await ask(args, { CLAUDECODE: '1', KOUBOU_CALLER: 'cli' });
  });

  it('waits with --wait', async () => {
    await add('--type', 'command', '--', 'echo', 'hi');
    const { code, stdout } = await project.run('result', '--wait');
    assert.deepEqual([code, stdout], [0, 'hi\n']);
  });

  it('joins several under headings, in their order, and tells of those that failed', async () => {
    const ids = [];
    for (const name of ['a', 'b', 'c']) ids.push(await add('--label', 'k=v', `Do ${name}\nwell`));
    const [a, b, c] = ids;
    await project.finish('A\n');
    await project.finish('', 'failure');
    await project.finish('C');
    const { code, stdout, stderr } = await project.run('result', '--label', 'k=v');
    assert.deepEqual([code, stdout], [1, `## ${a}: Do a well\n\nA\n\n## ${c}: Do c well\n\nC\n`]);
    assert.match(stderr, new RegExp(`^${b} failed: `));
    const lines = (await project.run('result', '--label', 'k=v', '--format', 'jsonl')).stdout
      .trim()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).task_id),
      ids,
    );
    const { tasks } = JSON.parse((await project.run('result', '--label', 'k=v', '--json')).stdout);
    assert.deepEqual(
      tasks.map((task: { status: string }) => task.status),
      ['completed', 'failed', 'completed'],
    );
  });

  it('as a record has all of the output, or the lines asked for', async () => {
    await add('p'.repeat(1000));
    await project.finish('o'.repeat(30_000));
    const record = JSON.parse((await project.run('result', '--json')).stdout);
    assert.deepEqual(
      [record.result.output.length, record.prompt.length, record.prompt_bytes],
      [30_000, 500, 1000],
    );
    await add('q');
    await project.finish('1\n2\n3\n');
    assert.equal(
      JSON.parse((await project.run('result', '--format', 'json', '--tail', '1')).stdout).result.output,
      '3\n',
    );
  });
});
