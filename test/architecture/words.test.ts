import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findCommands } from '../../build/commands.ts';

const src = join(import.meta.dirname, '../../src');

/** What is about the command line itself: its words there are the thing that is meant. */
const OF_THE_COMMAND_LINE = /^(cli|commands|say)\//;
const OTHERS: readonly string[] = [
  // What they write is for Claude Code, which calls commands.
  'init/claude-permissions.ts',
  'init/claude-section.ts',
  // The flags of shells and interpreters.
  'actions/callers/program-words.ts',
  // Its summaries are those of the flags.
  'task/fields/fields.ts',
];
/** They take and give data alone: not even a list of words for another program may be koubou's. */
const STRICT = /^(actions|app)\/|^errors\.ts$/;

interface Registered {
  flags: ReadonlySet<string>;
  commands: readonly string[];
}

const registered = async (): Promise<Registered> => {
  const flags = new Set<string>(['help']);
  const found = await findCommands(join(src, 'commands'));
  for (const { file } of found) {
    const { default: command } = await import(pathToFileURL(file).href);
    for (const name of Object.keys({ ...command.baseFlags, ...command.flags })) flags.add(name);
  }
  return { flags, commands: found.map(({ id }) => id.replaceAll(':', ' ')) };
};

const withoutComments = (text: string): string => text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');

/** Of koubou, as far as can be told: not of git, and not of what Codex is asked. */
const FLAG = /(?<!\b(?:git|exec) [^'"`\n]*)(?<![\w-])(['"`]?)--([a-z][a-z-]*)(?![\w=-])(['"`]?)/g;

/** Where a source names a flag or a command of koubou in words. */
const commandLineWords = (file: string, text: string, { flags, commands }: Registered): string[] => {
  const code = withoutComments(text);
  const command = new RegExp(`\\bkoubou (${commands.join('|')})\\b(?!s)[^\\n]{0,20}`, 'g');
  const named = [...code.matchAll(FLAG)].filter(([, before, name = '', after]) => {
    const isWord = before !== '' && before === after;
    return flags.has(name) && (STRICT.test(file) || !isWord);
  });
  return [...code.matchAll(command), ...named].map(([words]) => `${file}: ${words}`);
};

const sources = (): [file: string, text: string][] =>
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => !OF_THE_COMMAND_LINE.test(name) && !OTHERS.includes(name))
    .map((name) => [name, readFileSync(join(src, name), 'utf8')]);

describe('the words of the command line', () => {
  let known: Registered;
  before(async () => {
    known = await registered();
  });

  it('stand in no sentence below it: those name fields and actions with src/say', () => {
    const all = sources();
    assert.ok(all.length > 300, String(all.length));
    assert.deepEqual(
      all.flatMap(([file, text]) => commandLineWords(file, text, known)),
      [],
    );
  });

  const planted: [name: string, file: string, text: string][] = [
    ['a flag in a message', 'actions/delegate/draft.ts', "throw usage('Add --type command.');"],
    [
      'a flag at the beginning',
      'actions/delegate/places.ts',
      'const words = `--output ${path} is not written`;',
    ],
    ['a command in a hint', 'app/open-home.ts', "const hint = '`koubou trust` makes it yours.';"],
    ['a command to copy', 'worktree/apply/apply.ts', 'const hint = `It is in its patch: koubou diff ${id}`;'],
    ['a hint of a code', 'errors.ts', "cancelled: rule(false, false, '`koubou retry` runs it again.'),"],
    ['the help', 'errors.ts', "usage: rule(false, false, 'See --help.', 2),"],
    ['a flag for a program', 'actions/workers/ensure-worker.ts', "args: ['work', '--home', home],"],
    [
      'a flag in a lower layer',
      'runner/connection/bounded-answer.ts',
      "'bound the answer with --set num_predict=…'",
    ],
    ['a command of two words', 'queue/files/add/add.ts', "const hint = 'Try koubou workers scale 1 4.';"],
  ];
  for (const [name, file, text] of planted) {
    it(`would be told of: ${name}`, () => {
      assert.equal(commandLineWords(file, text, known).length, 1);
    });
  }

  it('may be those of another program, and of a comment', () => {
    const texts = [
      "const args = ['config', '--file', path];",
      "const hint = '`git rebase --continue` or `--abort`';",
      '// as `koubou wait --timeout 10m` does',
      "const said = 'koubou lists what it found';",
    ];
    for (const text of texts) assert.deepEqual(commandLineWords('worktree/x.ts', text, known), []);
  });
});
