/**
 * One row a kind of runner: everything that other places ask of it. How one is built is in runner/registry.ts, its keys in
 * agent.yaml are in config/runner-entries.ts; docs/how-it-works.md lists what a new kind costs. Pure.
 */

export interface KindFacts {
  /** Whether a model does its tasks; without one it runs the program of a task of type command. */
  model: boolean;
  /** Whether it changes files itself: the changes are then the evidence of a code task. Else it gives text and writes none. */
  changesFiles: boolean;
  /** Whether it can be held to networks: all that leaves it goes through connections of koubou's own. */
  staysLocal: boolean;
  /** Which shape of requests the server of its endpoint must speak; null: it has no endpoint. */
  server: 'ollama' | 'openai' | 'any' | null;
  /** Whether it always has an endpoint, which is then asked for its model. */
  needsEndpoint: boolean;
  /** Whether a task can go on with the conversation of an earlier one. */
  resumes: boolean;
  /** Whether it has a sandbox of its own, whose mode its entry says and a task may choose. */
  choosesSandbox: boolean;
  /**
   * What it starts: nothing, one program that koubou knows, any program that its entry describes (with the rights of the user
   * where nothing confines it), or the program of the task.
   */
  program: 'none' | 'known' | 'described' | 'of_task';
}

const ROWS = {
  ollama: {
    model: true,
    changesFiles: false,
    staysLocal: true,
    server: 'ollama',
    needsEndpoint: true,
    resumes: false,
    choosesSandbox: false,
    program: 'none',
  },
  openai: {
    model: true,
    changesFiles: false,
    staysLocal: true,
    server: 'openai',
    needsEndpoint: true,
    resumes: false,
    choosesSandbox: false,
    program: 'none',
  },
  codex: {
    model: true,
    changesFiles: true,
    staysLocal: true,
    server: 'any',
    needsEndpoint: true,
    resumes: true,
    choosesSandbox: true,
    program: 'known',
  },
  agent: {
    model: true,
    changesFiles: true,
    staysLocal: false,
    server: 'any',
    needsEndpoint: false,
    resumes: false,
    choosesSandbox: false,
    program: 'described',
  },
  command: {
    model: false,
    changesFiles: true,
    staysLocal: false,
    server: null,
    needsEndpoint: false,
    resumes: false,
    choosesSandbox: false,
    program: 'of_task',
  },
} as const satisfies Readonly<Record<string, KindFacts>>;

export type RunnerKind = keyof typeof ROWS;

export const RUNNER_KINDS: Readonly<Record<RunnerKind, KindFacts>> = ROWS;

export const kindNames = (): RunnerKind[] => Object.keys(ROWS) as RunnerKind[];

/** The kinds with this answer to a question. */
export type KindWith<Fact extends keyof KindFacts, Answer = true> = {
  [Kind in RunnerKind]: (typeof ROWS)[Kind][Fact] extends Answer ? Kind : never;
}[RunnerKind];

/** Whether the kind of a runner, or of its entry in agent.yaml, has this answer; narrows to the entries that do. */
export const isOfKind = <
  Entry extends { kind: RunnerKind },
  Fact extends keyof KindFacts,
  const Answer extends KindFacts[Fact] = true & KindFacts[Fact],
>(
  entry: Entry | undefined,
  fact: Fact,
  answer = true as Answer,
): entry is Extract<Entry, { kind: KindWith<Fact, Answer> }> =>
  entry !== undefined && RUNNER_KINDS[entry.kind][fact] === answer;

/** The names of the kinds with this answer, in a sentence: "ollama or openai". */
export const kindsWith = <Fact extends keyof KindFacts>(fact: Fact, answer: KindFacts[Fact]): string =>
  kindNames()
    .filter((kind) => RUNNER_KINDS[kind][fact] === answer)
    .join(' or ');
