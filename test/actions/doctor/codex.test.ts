import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { checkCodexes } from '../../../src/actions/doctor/codex.ts';
import { worded } from '../../../src/say/say.ts';
import { projectForEach } from '../../support/app.ts';
import { type FakeServer, startModelServer } from '../model-server.ts';

describe('doctor, asked for Codex', () => {
  const project = projectForEach();
  let server: FakeServer;
  before(async () => {
    server = await startModelServer({ openai: ['wanted'] });
  });
  after(() => server.close());

  /** In place of Codex, as koubou asks it about itself. */
  const program = (flags: string, sandbox = 'exit 0'): string => {
    // Not in the project, whose programs are not started.
    const path = project().write('.koubou/bin/codex', '');
    project().write(
      '.koubou/bin/codex',
      `#!/bin/sh
case "$1 $2" in
  '--version '*) echo 'codex-cli 9.9.9' ;;
  'exec --help') echo '${flags}' ;;
  'sandbox '*) ${sandbox} ;;
esac
`,
    );
    chmodSync(path, 0o755);
    return path;
  };
  const FLAGS = '--json --output-last-message --skip-git-repo-check --ignore-rules --ignore-user-config';

  const asked = async (bin: string, { port = server.port, model = 'wanted' } = {}) => {
    project().configure(`
endpoints: { lm: { kind: openai, url: 'http://127.0.0.1:${port}/v1' } }
runners: { mine: { kind: codex, endpoint: lm, model: ${model}, bin: '${bin}' } }
`);
    const app = await project().open();
    return worded(await checkCodexes(app, app.outer));
  };

  it('says which one it is, what its sandbox does here, and what it does not know', async () => {
    const [check, ...others] = await asked(program(FLAGS));
    assert.deepEqual([check?.name, check?.ok, check?.cure, others], ['program of mine', true, null, []]);
    assert.match(check?.message ?? '', /codex-cli 9\.9\.9 .*its sandbox .*lets commands write to one folder/);
    assert.match((await asked(program('--json')))[0]?.message ?? '', /too old|does not know/);
  });

  it('says that it is missing, and what to do', async () => {
    const [check] = await asked('no-such-codex');
    assert.equal(check?.ok, false);
    assert.match(check?.message ?? '', /no program "no-such-codex"/);
    assert.match(check?.cure ?? '', /not on the PATH that was searched/);
  });

  it('says that its sandbox does not work here', async () => {
    const [check] = await asked(program(FLAGS, 'echo no namespaces >&2; exit 1'));
    assert.equal(check?.ok, false);
    assert.match(check?.message ?? '', /sandbox.*no namespaces/);
    assert.ok(check?.cure);
  });

  it('says nothing of it where the server or the model is at fault, or where there is none', async () => {
    assert.deepEqual(await asked(program(FLAGS), { port: 1 }), []);
    assert.deepEqual(await asked(program(FLAGS), { model: 'other' }), []);
    project().configure('runners: { command: { kind: command } }\n');
    const app = await project().open();
    assert.deepEqual(await checkCodexes(app, app.outer), []);
  });
});
