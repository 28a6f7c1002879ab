import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ownPrograms } from '../../src/executor/guarded/own-programs.ts';
import { filesNamed, mayBeNamed, wordsInHomes } from '../../src/executor/guarded/placed-programs.ts';

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
    const [start, longer, tool] = [put('a'), put('run.sh --quiet'), put('tools/x')];
    put('serve');
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
      [spaced.replace(' ', '\\ '), [spaced]],
      ['tools/x', [tool]],
      ['./tools/x --now', [tool]],
      [`cd ${root}/tools && ./x`, [tool]],
      [`D=${root}/tools; $D/x`, [tool]],
      [`"${root}"/tools/x`, [tool]],
      ['run.sh', [plain]],
      ['serve', []],
      [root, []],
      ['{prompt_file}', []],
    ] as const)
      assert.deepEqual(filesNamed([word], [root]).toSorted(), files.toSorted(), word);
    assert.deepEqual(filesNamed(['"$HOME"/none'], []), []);
    assert.ok(mayBeNamed(['sh tools/later.sh'], join(root, 'tools', 'later.sh')));
    // As the descriptions of agent CLIs that are shipped have them.
    for (const word of ['{state}/data', '--env-file={state}/env', '{prompt_file}'])
      for (const name of ['data', 'env']) assert.ok(!mayBeNamed([word], join(root, name)), word);
    assert.ok(!mayBeNamed(['serve', 'http://127.0.0.1:80/v1'], join(root, 'serve')));
  });

  it('are those of all config files of a home, Codex’s own settings among them', async () => {
    put('config/agent.yaml');
    writeFileSync(
      join(root, 'config', 'agent.yaml'),
      'runners: { a: { kind: agent, bin: sh, args: [tools/run.sh], env: { A: { b: [tools/mcp2] } } } }\n',
    );
    writeFileSync(
      join(root, 'config', 'codex.toml'),
      `notify = ["python3", "/x/notify"]\n[mcp_servers.x]\ncommand = 'tools/mcp'\n`,
    );
    const words = await wordsInHomes([root]);
    for (const word of ['sh', 'tools/run.sh', 'tools/mcp2', '/x/notify', 'tools/mcp'])
      assert.ok(words.includes(word), word);
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
