import assert from 'node:assert/strict';
import { type CodexPlaces, codexProfile } from '../../src/executor/codex/profile.ts';
import {
  type CodexAbilities,
  type CodexOptions,
  codexArguments,
  featuresIn,
  flagsIn,
  isTooOld,
  unknownTo,
} from '../../src/runner/codex/arguments.ts';

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
  'goals                stable             true\nmulti_agent          stable  true\nplugins  stable  true\nshell_snapshot  stable  true\nunbounded_connection_retries  stable  true\n';

const abilities: CodexAbilities = {
  version: 'codex-cli 1',
  flags: flagsIn(HELP),
  features: featuresIn(FEATURES),
};

const wishes: CodexOptions = {
  model: 'gpt-oss:20b',
  baseUrl: 'http://127.0.0.1:1/v1',
  keyVariable: 'KEY',
  outputPath: '/h/out',
  instructionsPath: '/h/in.md',
  confinement: {
    sandbox: 'workspace-write',
    places: {
      cwd: '/work',
      worktree: null,
      hidden: ['/work/.koubou', '/home/u/.local/state/koubou'],
      kept: ['/work/sub/.git'],
      between: ['/work/sub'],
      box: {
        shown: '/work/.koubou/r/shown',
        codexHome: '/work/.koubou/r/shown/codex',
        copies: '/work/.koubou/r/shown/copies',
        temporary: '/work/.koubou/r/tmp',
        programs: '/work/.koubou/r/bin',
      },
    },
  },
  resume: null,
  commandPath: null,
};

const places = wishes.confinement?.places as CodexPlaces;

const settingsOf = (args: readonly string[]): string[] => args.filter((_, at) => args[at - 1] === '-c');

describe('the command line of Codex', () => {
  it('hides the home and the key of the user from commands, whatever else they see', () => {
    const settings = settingsOf(codexArguments(wishes, abilities));
    assert.deepEqual(settings.slice(-3), codexProfile('workspace-write', places));
    assert.ok(!settings.some((each) => each.startsWith('sandbox_mode')));
  });

  it('has no sandbox where none is wanted', () => {
    const settings = settingsOf(codexArguments({ ...wishes, confinement: null }, abilities));
    assert.ok(settings.includes('sandbox_mode="danger-full-access"'));
    assert.ok(!settings.some((each) => /permissions/.test(each) && !each.startsWith('include_')));
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
      '--disable shell_snapshot',
    ]);
    assert.deepEqual(unknownTo(abilities), []);
    assert.ok(isTooOld({ ...abilities, flags: new Set(['--ignore-rules']) }));
    assert.ok(!isTooOld(less));
  });
});
