import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TrustRequest, type TrustShown, trustHome } from '../../../src/actions/setup/trust.ts';
import { backend } from '../../../src/app/app.ts';
import { trustOf } from '../../../src/home/signature.ts';
import { AS_AGENT, projectForEach } from '../../support/app.ts';
import { stateHome } from '../../support/state.ts';

const example = join(dirname(dirname(dirname(import.meta.dirname))), '.koubou.example');

describe('a home that came from elsewhere', () => {
  const project = projectForEach();
  let home: string;
  beforeEach(() => {
    home = join(project().folder, 'foreign');
    cpSync(example, home, { recursive: true });
    project().write(
      'foreign/config/agent.yaml',
      "runners: { mine: { kind: agent, bin: evil, args: ['-x'], stdin: prompt } }\n",
    );
  });

  const isTrusted = () => trustOf(home, join(stateHome, 'koubou')).trusted;

  const trust = async (over: Partial<TrustRequest> = {}, environment: Record<string, string> = {}) => {
    const shown: TrustShown[] = [];
    const { cwd, environment: surroundings } = project().request({ environment });
    const document = await trustHome({
      home,
      cwd,
      environment: surroundings,
      tasks: false,
      ...backend,
      confirm: async (what) => {
        shown.push(what);
        return true;
      },
      ...over,
    });
    return { document, shown };
  };

  it('is signed once a person has seen what it would run, and its tasks stay as they are', async () => {
    const { document, shown } = await trust();
    const [seen] = shown;
    assert.deepEqual([seen?.home, seen?.programs], [home, ['runner mine: evil -x']]);
    assert.match(seen?.why ?? '', /carries no signature/);
    const left = seen?.tasks.length ?? 0;
    assert.ok(left > 0);
    assert.deepEqual(document, { home, signed: true, tasks_sealed: 0, tasks_left: left });
    assert.equal(isTrusted(), true);
  });

  it('has its tasks taken where that is asked for, after they were shown', async () => {
    const { document, shown } = await trust({ tasks: true });
    const tasks = shown[0]?.tasks ?? [];
    assert.ok(tasks.some(({ does }) => /runs "make" "backup"/.test(does)));
    assert.deepEqual(document, { home, signed: true, tasks_sealed: tasks.length, tasks_left: 0 });
  });

  it('that is signed is asked about again only for its tasks', async () => {
    await trust();
    const again = await trust();
    assert.deepEqual([again.document?.signed, again.shown], [false, []]);
    const { document, shown } = await trust({ tasks: true });
    assert.deepEqual([document?.signed, document?.tasks_left, shown[0]?.why], [false, 0, null]);
  });

  it('is left alone where the answer is no', async () => {
    const { document } = await trust({ confirm: async () => false });
    assert.deepEqual([document, isTrusted()], [undefined, false]);
  });

  it('is not signed where it changed after it was shown', async () => {
    await assert.rejects(
      trust({
        confirm: async () => {
          project().write('foreign/config/agent.yaml', 'runners: { command: { kind: command } }\n');
          return true;
        },
      }),
      { code: 'conflict', message: /has changed since it was shown; it was not signed/ },
    );
    assert.equal(isTrusted(), false);
  });

  it('is not signed for an agent, which is shown nothing', async () => {
    await assert.rejects(trust({ confirm: () => assert.fail('nobody is asked') }, AS_AGENT), {
      code: 'not_allowed',
      message: /may not make a home trusted\. Nothing was done/,
    });
    assert.equal(isTrusted(), false);
  });

  it('has no config taken that it brings along in the place of the one that was shown', async () => {
    project().write('foreign/config/.cache.json', '{}');
    await trust();
    assert.equal(existsSync(join(home, 'config', '.cache.json')), false);
    assert.match(readFileSync(join(home, 'config', 'agent.yaml'), 'utf8'), /evil/);
  });
});
