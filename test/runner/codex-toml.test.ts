import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KoubouError } from '../../src/errors.ts';
import { codexSettings } from '../../src/runner/codex-toml.ts';

const read = (text: string): string[] => codexSettings(text, 'codex.toml');

describe("a user's settings for Codex", () => {
  it('become pairs, with the table in front of each key', () => {
    assert.deepEqual(read('# x\na = 1\nb.c = "x # y" # why\n\n[t]\nd = true\n[ t.u ] # table\ne=[1,2]\n'), [
      'a=1',
      'b.c="x # y" # why',
      't.d=true',
      't.u.e=[1,2]',
    ]);
  });

  it('may go over several lines', () => {
    assert.deepEqual(read('a = [\n  "x]", # one\n  2,\n]\nb = """\nfree [text\n"""\nc = { d = \'[\' }'), [
      'a=[\n  "x]", # one\n  2,\n]',
      'b="""\nfree [text\n"""',
      "c={ d = '[' }",
    ]);
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
    ]) {
      assert.throws(() => read(text), /is decided by koubou/);
    }
  });

  it('are all comments in the template, and each can be taken in', () => {
    const template = readFileSync(new URL('../../templates/codex.toml', import.meta.url), 'utf8');
    assert.deepEqual(read(template), []);
    const uncommented = template.replaceAll(/^# (?=\[|\w+ = )/gm, '');
    assert.equal(read(uncommented).length, 6);
  });
});
