import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ownPrograms } from '../../src/executor/guarded/own-programs.ts';
import { filesIn } from '../../src/executor/guarded/placed-programs.ts';

describe('programs that a config names by their place', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'koubou-placed-')));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const put = (name: string): string => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
    return join(root, name);
  };

  it('are found in any word, by each name that is there', () => {
    const [plain, comma, spaced] = [put('run.sh'), put('a,b/run.sh'), put('my tools/run.sh')];
    const [start, longer] = [put('a'), put('run.sh --quiet')];
    for (const [word, files] of [
      [plain, [plain]],
      [`--require=${plain}`, [plain]],
      [`exec sh ${plain} {prompt_file}`, [plain]],
      [`sh '${plain}';cat <${comma}`, [plain, comma, start]],
      [`${plain}{x}`, [plain]],
      [comma, [comma, start]],
      [`exec sh ${plain} --quiet`, [longer, plain]],
      [`-f${plain}`, [plain]],
      [spaced, [spaced]],
      [root, []],
      ['{prompt_file}', []],
      [7, []],
    ] as const)
      assert.deepEqual(filesIn(word), files, String(word));
  });

  it('are held also where they cannot be started by themselves, as a script that an interpreter is given', async () => {
    const script = put('tools/agent.py');
    const kept = await ownPrograms(root, { bins: [script], path: process.env['PATH'] });
    assert.ok(kept.includes(script));
  });

  it('are held with each link on the way, and the folders that it leaves again', async () => {
    put('tools/v1/run');
    symlinkSync('v1', join(root, 'tools', 'current'));
    mkdirSync(join(root, 'x'));
    mkdirSync(join(root, 'links'));
    symlinkSync('../x/../tools/current/run', join(root, 'links', 'run'));
    const kept = await ownPrograms(root, { bins: [join(root, 'links', 'run')], path: process.env['PATH'] });
    for (const name of ['links', 'x', 'tools', 'tools/v1/run'])
      assert.ok(kept.includes(join(root, name)), name);
  });
});
