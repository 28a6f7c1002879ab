/** What a kind of runner is and can do is asked of its row, and a new kind costs the files that the docs list. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindNames } from '../../src/task/runner-kinds.ts';
import { Project } from '../support/koubou/project.ts';
import { buildMutant, type Edit, type NewFile } from '../support/mutants/source.ts';
import { listedUnder } from './costs.ts';

const src = join(import.meta.dirname, '../../src');

const NAMES = kindNames().join('|');
const KIND = String.raw`\b(?:\w+[.?]+)*\w*[kK]ind\b\)?`;
const COMPARISONS = [
  new RegExp(String.raw`${KIND}\s*[!=]==?\s*['"](${NAMES})['"]`),
  new RegExp(String.raw`['"](${NAMES})['"]\s*[!=]==?\s*\(?${KIND}`),
  new RegExp(String.raw`['"](${NAMES})['"][^\]\n]*\]\.(?:includes|indexOf|some)\([^\n]*${KIND}`),
  new RegExp(String.raw`switch \(${KIND}\s*\{\s*case ['"](${NAMES})['"]`),
  new RegExp(String.raw`(?:Extract|Exclude)<[^>]*\bkind: ['"](${NAMES})['"]`),
];

const compared = (text: string): string[] =>
  COMPARISONS.flatMap((pattern) => [...text.matchAll(new RegExp(pattern, 'g'))].map(([, name = '']) => name));

/** These ask what a server speaks, which has two names in common with the kinds of runners. */
const OF_SERVERS = [
  'actions/doctor/models.ts',
  'runner/agent/endpoint.ts',
  'runner/agent/template.ts',
  'runner/model/ask-tokenizer.ts',
  'runner/connection/http-failure.ts',
  'runner/registry.ts',
  'runner/model/remote-model.ts',
];
const SERVERS = ['ollama', 'openai'];

const offenders = (sources: ReadonlyMap<string, string>): string[] =>
  [...sources].flatMap(([file, text]) =>
    compared(text).some((name) => !OF_SERVERS.includes(file) || !SERVERS.includes(name)) ? [file] : [],
  );

const sources = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name, readFileSync(join(src, name), 'utf8')]),
);

describe('a kind of runner', () => {
  it('is compared by its name nowhere: its row says what it can do', () => {
    assert.ok(sources.has('task/runner-kinds.ts'));
    assert.deepEqual(offenders(sources), []);
  });

  it('shares its name with what servers speak where that is asked', () => {
    for (const file of OF_SERVERS) assert.notDeepEqual(compared(sources.get(file) ?? ''), [], file);
  });

  for (const [what, text] of [
    ['a comparison', "if (runner.kind === 'codex') return;"],
    ['one through a name that may be missing', "config.runners[name]?.kind !== 'command'"],
    ['one of a constant', "const isAgent = kind === 'agent';"],
    ['one the other way round', "const same = 'openai' === entry.kind;"],
    ['one with a list', "['agent', 'codex'].includes(runners[name]?.kind ?? '')"],
    ['a switch', "switch (runner.kind) {\n  case 'ollama':"],
    ['a type', "type A = Extract<RunnerConfig, { kind: 'agent' }>;"],
  ] as const)
    it(`would be told of: ${what}`, () => {
      assert.deepEqual(offenders(new Map([['worker/x.ts', text]])), ['worker/x.ts']);
    });

  it('of a runner is none of a server, even where servers are asked for theirs', () => {
    const fault = new Map([['runner/registry.ts', "if (entry.kind === 'codex') return;"]]);
    assert.deepEqual(offenders(fault), ['runner/registry.ts']);
  });
});

/** A kind `echo`, which answers with the prompt: all that has to be written for it. */
const ECHO: readonly (Edit | NewFile)[] = [
  {
    file: 'runner/echo.ts',
    from: null,
    to: `import { writeFile } from 'node:fs/promises';
import type { TaskFile } from '../task/record.ts';
import { RUNNER_KINDS } from '../task/runner-kinds.ts';
import type { Health, RunContext, Runner, RunnerOutcome } from './runner.ts';

const OBSERVED = { terminal: true, end: null, promptTokens: null, promptBytes: null, thinking: null, remoteHost: null };

export class EchoRunner implements Runner {
  readonly changesFiles = RUNNER_KINDS.echo.changesFiles;
  readonly staysLocal = RUNNER_KINDS.echo.staysLocal;
  readonly endpoint = null;
  readonly name: string;
  readonly defaultModel: string | null;

  constructor(name: string, model: string | null) {
    this.name = name;
    this.defaultModel = model;
  }

  async check(): Promise<Health> {
    return { ok: true, message: 'It echoes.', error: null };
  }

  async run({ prompt }: TaskFile, { outputPath }: RunContext): Promise<RunnerOutcome> {
    await writeFile(outputPath, \`echo: \${prompt}\`);
    return { ok: true, observed: OBSERVED, usage: null, model: this.defaultModel, endpoint: null };
  }
}
`,
  },
  {
    file: 'runner/registry.ts',
    from: '  command: (name, _entry,',
    to: '  echo: (name, { model }) => new EchoRunner(name, model),\n\n  command: (name, _entry,',
  },
  {
    file: 'runner/registry.ts',
    from: '  command: object;',
    to: '  echo: { model: string };\n  command: object;',
  },
  {
    file: 'runner/registry.ts',
    from: "import { CommandRunner } from './program/command.ts';",
    to: "import { CommandRunner } from './program/command.ts';\nimport { EchoRunner } from './echo.ts';",
  },
  {
    file: 'config/runner-entries.ts',
    from: '  agent: agentEntry,',
    to: "  agent: agentEntry,\n  echo: z.strictObject({ kind: z.literal('echo'), model: text, endpoint: z.optional(text) }),",
  },
  {
    file: 'task/runner-kinds.ts',
    from: '  command: {\n',
    to: `  echo: {
    model: true,
    changesFiles: false,
    staysLocal: false,
    server: 'any',
    needsEndpoint: false,
    resumes: false,
    choosesSandbox: false,
    program: 'none',
  },
  command: {
`,
  },
];

describe('a new kind of runner', function () {
  this.timeout(60_000);

  it('costs the files that docs/how-it-works.md lists, four at most', () => {
    const planted = [...new Set(ECHO.map(({ file }) => file.replace('echo', 'NAME')))].toSorted();
    assert.deepEqual(listedUnder('What a new kind of runner costs'), planted);
    assert.ok(planted.length <= 4, String(planted));
  });

  it('works when it has been added to those', async () => {
    const program = await buildMutant(...ECHO);
    const project = await Project.make();
    try {
      project.write(
        '.koubou/config/agent.yaml',
        'runners: { e: { kind: echo, model: m } }\nrouting: { default: { general: e } }\n',
      );
      const run = (...args: string[]) => project.runWith({ program }, ...args);
      assert.equal((await run('delegate', 'Say it')).code, 0);
      assert.equal((await run('work', '--drain')).code, 0);
      assert.match((await run('result')).stdout, /echo: Say it/);
      const refused = await run('delegate', '--expect', 'a.txt', 'Say it');
      assert.match(refused.stderr, /the runner e gives text but writes none/);
      project.write('.koubou/config/agent.yaml', 'runners: { e: { kind: ech } }\n');
      assert.match((await run('list')).stderr, /one of ollama, openai, codex, agent, echo, command/);
    } finally {
      await project.remove();
    }
  });
});
