/** Commands that a model gives to the real Codex, and what came back to it: an attack from inside. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reducedEnvironment } from '../../../src/process/programs/reduced-environment.ts';
import { CodexRunner } from '../../../src/runner/codex/codex.ts';
import type { Sandbox } from '../../../src/runner/codex/arguments.ts';
import type { RunContext, RunnerOutcome } from '../../../src/runner/runner.ts';
import { promptFolders, taskOf } from '../../contract/runner.ts';
import { type ResponsesServer, type ResponsesStep, startResponsesServer, steps } from '../../support/servers/responses-server.ts';
import { codexProgram } from './install.ts';
import { leaseFor } from '../../support/lease.ts';

export interface ProbePlace {
  home: string;
  cwd: string;
  hidden?: readonly string[];
  secrets?: readonly string[];
  path?: string | undefined;
  sandbox?: Sandbox;
}

export interface Probed {
  /** What each command printed, as the model was told. */
  printed: string[];
  outcome: RunnerOutcome;
  server: Pick<ResponsesServer, 'url' | 'asked' | 'requests'>;
}

export const codexRunner = (url: string, { home, hidden = [], secrets = [], path = process.env['PATH'], sandbox }: ProbePlace): CodexRunner =>
  new CodexRunner({
    name: 'codex',
    endpoint: { name: 'server', url: `${url}/v1`, maxConcurrent: 1 },
    serverKind: 'ollama',
    model: 'scripted',
    bin: codexProgram,
    sandbox: sandbox ?? 'workspace-write',
    allowFullAccess: false,
    home,
    hidden,
    secrets,
    promptFolders,
    environment: reducedEnvironment({ ...process.env, HOME: home, PATH: path }),
  });

/** As in a daemon a run's own files lie in no folder of the work, where Codex would start no bubblewrap, and hidden. */
export const runsBeside = (cwd: string): string => join(dirname(cwd), 'runs');

export const runOf = (home: string, cwd: string, over: Partial<RunContext> = {}): RunContext => {
  const results = join(home, 'results', '2026-01-01', 'task_a');
  mkdirSync(results, { recursive: true });
  const logPath = join(results, 'run-1.log');
  const outputPath = join(results, 'run-1.output');
  for (const path of [logPath, outputPath]) {
    rmSync(path, { force: true });
    writeFileSync(path, '');
  }
  return {
    lease: leaseFor({ logPath, marker: `codex-probe-${process.pid}`, signal: AbortSignal.timeout(50_000) }),
    outputPath,
    cwd,
    statePath: join(runsBeside(cwd), 'run-1.state'),
    resume: null,
    model: undefined,
    feedback: null,
    phase: () => undefined,
    requireLocal: async () => null,
    ...over,
  };
};

/** `commands` may depend on where the server is. */
export const probe = async (
  place: ProbePlace,
  commands: readonly string[] | ((url: string) => readonly string[]),
): Promise<Probed> => {
  const script: ResponsesStep[] = [];
  const server = await startResponsesServer(script);
  try {
    const given = typeof commands === 'function' ? commands(server.url) : commands;
    script.push(...given.map((command) => steps.exec(command, { yield_time_ms: 20_000 })));
    const context = runOf(place.home, place.cwd);
    const hidden = [...(place.hidden ?? []), runsBeside(place.cwd)];
    const outcome = await codexRunner(server.url, { ...place, hidden }).run(taskOf(place.cwd, { type: 'code' }), context);
    return { printed: server.requests.slice(1).map(({ body }) => lastOutput(body)), outcome, server };
  } finally {
    await server.close();
  }
};

const lastOutput = (body: Record<string, unknown>): string => {
  const items = body['input'] as { type?: string; output?: unknown }[];
  const last = items.findLast(({ type }) => type?.endsWith('_call_output'))?.output;
  return typeof last === 'string' ? last : JSON.stringify(last);
};

export const homeIn = (folder: string): string => {
  const home = join(folder, '.koubou');
  for (const name of ['config', 'run', 'results']) mkdirSync(join(home, name), { recursive: true });
  return home;
};

export const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
