import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KoubouError } from '../../src/errors.ts';
import { codexConfig, requireSettings } from '../../src/runner/codex/toml.ts';

const read = (text: string): void => requireSettings(text, 'codex.toml');

describe("a user's settings for Codex", () => {
  it('may be in tables, and go over several lines', () => {
    read('# x\na = 1\nb.c = "x # y" # why\n\n[t]\nd = true\n[ t.u ] # table\ne=[1,2]\n');
    read('a = [\n  "x]", # one\n  2,\n]\nb = """\nfree [text\nmodel = "x"\n"""\nc = { d = \'[\' }');
  });

  it('are the config.toml of a run as they are written, and the folder of the work is not trusted', () => {
    assert.equal(
      codexConfig('[t]\na = "x" # why', ['/work/a "b"', '/c']),
      '[t]\na = "x" # why\n\n[projects."/work/a \\"b\\""]\ntrust_level = "untrusted"\n\n[projects."/c"]\ntrust_level = "untrusted"\n',
    );
    assert.equal(codexConfig('', ['/c']), '[projects."/c"]\ntrust_level = "untrusted"\n');
  });

  it('are refused with their line where they are none, or do not end', () => {
    for (const [text, words] of [
      ['a = 1\nnonsense', /codex\.toml, line 2: "nonsense" is no setting/],
      ['[[list]]', /line 1: "\[\[list\]\]" is no table/],
      ['a = [\n1,', /line 1: the value of a does not end/],
    ] as const) {
      assert.throws(
        () => read(text),
        (error: unknown) =>
          error instanceof KoubouError && error.code === 'usage' && words.test(error.message),
      );
    }
  });

  it('cannot take from koubou what decides where the work goes and what it may touch', () => {
    for (const text of [
      'sandbox_mode = "danger-full-access"',
      '[sandbox_workspace_write]\nnetwork_access = true',
      '[permissions.koubou]\nfilesystem = {}',
      '"model" = "x"',
      'model_providers.x.base_url = "http://far"',
      'approval_policy = "on-request"',
      '[projects."/work"]\ntrust_level = "trusted"',
    ]) {
      assert.throws(() => read(text), /is decided by koubou/);
    }
  });

  it('are all comments in the template, and each can be taken in', () => {
    const template = readFileSync(new URL('../../templates/codex.toml', import.meta.url), 'utf8');
    read(template);
    assert.ok(template.split('\n').every((line) => line === '' || line.startsWith('#')));
    const uncommented = template.replaceAll(/^# (?=\[|\w+ = )/gm, '');
    assert.equal(uncommented.match(/^\w+ = /gm)?.length, 6);
    read(uncommented);
  });
});
