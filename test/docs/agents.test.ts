import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { agentEntry } from '../../src/config/agent-entry.ts';
import { checkConfig } from '../../src/config/check.ts';
import { buildRunners } from '../../src/runner/registry.ts';
import { AGENT_PLACEHOLDERS } from '../../src/text/placeholders.ts';
import { Bench, promptFolders, success } from '../contract/runner.ts';
import { startScriptedServer, steps } from '../support/servers/scripted-server.ts';

const page = readFileSync(join(dirname(dirname(import.meta.dirname)), 'docs', 'agents.md'), 'utf8');

/** The first cells of the tables between two headings. */
const named = (from: string, to: string): string[] =>
  page
    .slice(page.indexOf(from), page.indexOf(to))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('`')[1] ?? '');

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\``, 'gm'))].map(
    ([, indent = '', block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

describe('the page on agent CLIs', () => {
  it('explains every key', () => {
    const { shape } = agentEntry._zod.def;
    assert.deepEqual(named('## The keys', '### What can').sort(), Object.keys(shape).sort());
  });

  it('explains everything that can be filled in', () => {
    const expected = [...AGENT_PLACEHOLDERS.map((name) => `{${name}}`), '{{'];
    assert.deepEqual(named('### What can', '### Where the answer is').sort(), expected.sort());
  });

  it('has a walk that works as it stands', async () => {
    const bench = await Bench.make();
    const server = await startScriptedServer([steps.text('ok')]);
    try {
      const bin = join(bench.folder, 'bin');
      const cwd = join(bench.folder, 'project');
      for (const folder of [bin, cwd]) mkdirSync(folder);
      const ollama = '#!/bin/sh\necho "$OLLAMA_HOST $*: $(grep -c permit)"\n';
      for (const [name, text] of [
        ['scribe', blocks('sh')[0] ?? ''],
        ['ollama', ollama],
      ] as const) {
        writeFileSync(join(bin, name), text);
        chmodSync(join(bin, name), 0o755);
      }
      const entry = parse(blocks('yaml').join(''));
      const checked = checkConfig({
        endpoints: { ollama: { kind: 'ollama', url: server.url } },
        runners: entry,
      });
      assert.ok(checked.ok, JSON.stringify(checked));
      const environment = { PATH: `${bin}:${process.env['PATH']}` };
      const scribe = buildRunners(checked.config, environment, promptFolders).get('scribe');
      assert.ok(scribe);
      const { outcome, output } = await bench.run(scribe, { cwd, prompt: 'Note what a permit is.' });
      success(outcome);
      assert.equal(output, 'Wrote the notes into NOTES.md.');
      assert.match(
        readFileSync(join(cwd, 'NOTES.md'), 'utf8'),
        /^http:\/\/127\.0\.0\.1:\d+ run gpt-oss:20b: 1\n$/,
      );
    } finally {
      await server.close();
      await bench.remove();
    }
  });
});
