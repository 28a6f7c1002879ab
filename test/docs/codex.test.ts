import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { checkConfig } from '../../src/config/check.ts';
import { isErrorCode } from '../../src/errors.ts';

const docs = join(dirname(dirname(import.meta.dirname)), 'docs');
const page = readFileSync(join(docs, 'codex.md'), 'utf8');

/** The first cells of the table under a heading. */
const firstCells = (heading: string): string[] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|')[1] ?? '');
};
const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

describe('the page on Codex', () => {
  it('explains every key', () => {
    const entry = parse(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? '');
    const checked = checkConfig({
      endpoints: { ollama: { kind: 'ollama', url: 'http://127.0.0.1:1' } },
      ...entry,
    });
    assert.ok(checked.ok, JSON.stringify(checked));
    const keys = Object.keys(checked.config.runners['codex'] ?? {});
    assert.deepEqual(firstCells('Keys of `config/agent.yaml`').flatMap(quoted).sort(), keys.sort());
  });

  it('names codes of failures that there are', () => {
    const codes = firstCells('What a failure means').flatMap(quoted);
    assert.deepEqual(
      codes.filter((code) => !isErrorCode(code)),
      [],
    );
    for (const code of ['unknown_tool', 'bad_tool_arguments', 'sandbox_refused', 'escalation_refused']) {
      assert.ok(codes.includes(code), code);
    }
  });
});
