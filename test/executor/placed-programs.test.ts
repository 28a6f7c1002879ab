import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ownPrograms } from '../../src/executor/guarded/own-programs.ts';
import { decidesProgram, filesIn } from '../../src/executor/guarded/placed-programs.ts';

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

  it('are found in any word, by the longest name that is there', () => {
    const [plain, comma, spaced] = [put('run.sh'), put('a,b/run.sh'), put('my tools/run.sh')];
    put('a');
    for (const [word, files] of [
      [plain, [plain]],
      [`--require=${plain}`, [plain]],
      [`exec sh ${plain} {prompt_file}`, [plain]],
      [`sh '${plain}';cat <${comma}`, [plain, comma]],
      [`${plain}{x}`, [plain]],
      [comma, [comma]],
      [spaced, [spaced]],
      [`relative${plain}`, []],
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

  it('are decided by each link on the way', () => {
    const program = put('v1/run');
    symlinkSync('v1', join(root, 'current'));
    const named = join(root, 'current', 'run');
    assert.deepEqual(decidesProgram(named), [named, join(root, 'current'), program]);
    assert.deepEqual(decidesProgram(join(root, 'none')), [join(root, 'none')]);
  });
});
