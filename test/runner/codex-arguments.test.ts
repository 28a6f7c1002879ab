import assert from 'node:assert/strict';
import {
  type CodexAbilities,
  type CodexWishes,
  codexArguments,
  featuresIn,
  flagsIn,
  isTooOld,
  unknownTo,
} from '../../src/runner/codex-arguments.ts';
import { RunFailure } from '../../src/runner/failure.ts';

const HELP = `Options:
  -c, --config <key=value>
      --json
          Print events, as with \`--strict-config\`
      --ignore-user-config
      --ignore-rules
      --skip-git-repo-check
  -o, --output-last-message <FILE>
`;
const FEATURES =
  'goals                stable             true\nmulti_agent          stable  true\nplugins  stable  true\nunbounded_connection_retries  stable  true\n';

const abilities: CodexAbilities = {
  version: 'codex-cli 1',
  flags: flagsIn(HELP),
  features: featuresIn(FEATURES),
};

const wishes: CodexWishes = {
  model: 'gpt-oss:20b',
  baseUrl: 'http://127.0.0.1:1/v1',
  keyVariable: 'KEY',
  outputPath: '/h/out',
  instructionsPath: '/h/in.md',
  sandbox: 'workspace-write',
  places: { cwd: '/work', home: '/work/.koubou', temporary: '/work/.koubou/results/t/tmp' },
  resume: null,
  settings: ['model_reasoning_effort="low"'],
};

const settingsOf = (args: readonly string[]): string[] => args.filter((_, at) => args[at - 1] === '-c');

describe('the command line of Codex', () => {
  it('lets commands write to the folder, and to the home in it nowhere but the temporary folder', () => {
    const settings = settingsOf(codexArguments(wishes, abilities));
    assert.ok(
      settings.includes(
        'permissions.koubou.filesystem={":root"="read",":workspace_roots"={"."="write",".koubou"="read"},"/work/.koubou/results/t/tmp"="write"}',
      ),
    );
    assert.ok(settings.includes('default_permissions="koubou"'));
    assert.ok(!settings.some((each) => each.startsWith('sandbox_mode')));
  });

  it('says the mode where no folder may be written, or all', () => {
    for (const sandbox of ['read-only', 'danger-full-access'] as const) {
      const settings = settingsOf(codexArguments({ ...wishes, sandbox }, abilities));
      assert.ok(settings.includes(`sandbox_mode="${sandbox}"`));
      assert.ok(!settings.some((each) => each.startsWith('permissions')));
    }
  });

  it('takes a home elsewhere as it is, and a worktree in it as a folder of its own', () => {
    for (const places of [
      { cwd: '/work', home: '/home/u/.koubou', temporary: '/t' },
      { cwd: '/work/.koubou/worktrees/a', home: '/work/.koubou', temporary: '/t' },
    ]) {
      const settings = settingsOf(codexArguments({ ...wishes, places }, abilities));
      assert.ok(
        settings.includes(
          'permissions.koubou.filesystem={":root"="read",":workspace_roots"={"."="write"},"/t"="write"}',
        ),
      );
    }
  });

  it('is refused for a folder in the home', () => {
    for (const cwd of ['/work/.koubou', '/work/.koubou/tasks']) {
      const places = { ...wishes.places, cwd };
      assert.throws(() => codexArguments({ ...wishes, places }, abilities), RunFailure);
    }
  });

  it("puts the user's settings before its own, which win", () => {
    const settings = settingsOf(codexArguments(wishes, abilities));
    assert.equal(settings[0], 'model_reasoning_effort="low"');
    assert.match(settings.join('\n'), /base_url"="http:\/\/127\.0\.0\.1:1\/v1","env_key"="KEY"/);
  });

  it('goes on with a session, with the prompt still on standard input', () => {
    const args = codexArguments({ ...wishes, resume: 'abc' }, abilities);
    assert.deepEqual(args.slice(0, 2), ['exec', 'resume']);
    assert.deepEqual(args.slice(-2), ['abc', '-']);
  });

  it('leaves out what the installed version does not know, and says so', () => {
    const flags = new Set([...abilities.flags].filter((flag) => flag !== '--ignore-rules'));
    const less = { ...abilities, flags, features: featuresIn('goals stable true') };
    const args = codexArguments(wishes, less);
    assert.ok(!args.includes('--ignore-rules'));
    assert.deepEqual(
      args.filter((_, at) => args[at - 1] === '--disable'),
      ['goals'],
    );
    assert.deepEqual(unknownTo(less), [
      '--ignore-rules',
      '--disable plugins',
      '--disable unbounded_connection_retries',
      '--disable multi_agent',
    ]);
    assert.deepEqual(unknownTo(abilities), []);
    assert.ok(isTooOld({ ...abilities, flags: new Set(['--ignore-rules']) }));
    assert.ok(!isTooOld(less));
  });
});
