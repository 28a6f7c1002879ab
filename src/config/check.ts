/** Judges the content of an agent.yaml: the schema, and what the keys mean to each other. Pure but for what entries use. */
import * as z from 'zod/mini';
import { HAND_BACK } from '../task/escalation-chain.ts';
import { isOfKind, kindNames, RUNNER_KINDS } from '../task/runner-kinds.ts';
import { nearest } from '../text/nearest.ts';
import { type AgentDefinitions, shippedAgents, withDefinitions } from './agent-definitions.ts';
import { agentProblem } from './agent-entry.ts';
import { leavesOf, valueAt } from './keys.ts';
import { addRuleRunners } from './rule-runners.ts';
import { type Config, ConfigSchema, knownKeys, type RunnerWith } from './schema.ts';

export interface Problem {
  /** Where in the file: the keys down to the value, or to the unknown key itself. */
  path: readonly PropertyKey[];
  message: string;
}

/** `stated`: the dotted keys that the file itself gives a value. */
export type Checked = { ok: true; config: Config; stated: string[] } | { ok: false; problem: Problem };

/** A key without a value (`runners:` with every line under it commented out) counts as not stated. */
export const checkConfig = (content: unknown, agents: AgentDefinitions = shippedAgents): Checked => {
  const stated = withoutNulls(content ?? {});
  const whole = withDefinitions(stated, agents);
  if ('problem' in whole) return { ok: false, problem: whole.problem };
  const parsed = z.safeParse(ConfigSchema, whole.content);
  if (!parsed.success) return { ok: false, problem: describe(parsed.error.issues, whole.content) };
  const config = parsed.data;
  config.runners['command'] ??= { kind: 'command' };
  const problem = contradiction(config);
  if (problem === undefined) addRuleRunners(config);
  return problem ? { ok: false, problem } : { ok: true, config, stated: [...leavesOf(stated).keys()] };
};

const withoutNulls = (content: unknown): unknown =>
  typeof content !== 'object' || content === null || Array.isArray(content)
    ? content
    : Object.fromEntries(
        Object.entries(content)
          .filter(([, value]) => value !== null)
          .map(([key, value]) => [key, withoutNulls(value)]),
      );

const describe = (issues: readonly z.core.$ZodIssue[], content: unknown): Problem => {
  // A mistyped key also makes the right one missing: the mistake is the unknown one.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) return { path: [], message: 'cannot be read' };
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = knownKeys(issue.path, content);
    const guess = nearest(key, known);
    return {
      path: [...issue.path, key],
      message: `is no key of koubou. ${guess ? `Did you mean "${[...issue.path, guess].join('.')}"?` : `Known here: ${known.join(', ')}.`}`,
    };
  }
  return { path: issue.path, message: issueText(issue, content) };
};

const issueText = (issue: z.core.$ZodIssue, content: unknown): string => {
  const missing = valueAt(content, issue.path) === undefined;
  if (issue.code === 'invalid_type') return missing ? 'is missing' : `must be ${article(issue.expected)}`;
  if (issue.code === 'invalid_value')
    return missing ? 'is missing' : `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_union') return unionText(issue);
  if (issue.code === 'too_small')
    return issue.origin === 'string' ? 'is empty' : `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue.code === 'invalid_key') return 'is no name: use letters, digits, - and _';
  if (issue.code === 'invalid_format') return 'must be a URL that starts with http:// or https://';
  return issue.message;
};

const unionText = ({ path }: z.core.$ZodIssue): string =>
  path.at(-1) === 'kind'
    ? `must be one of ${kindNames().join(', ')}`
    : 'must be text, a number, or true or false';

const article = (expected: string): string =>
  ({
    int: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    object: 'a group of keys',
    record: 'a group of names',
    array: 'a list',
  })[expected] ?? expected;

const contradiction = ({ endpoints, runners, routing, workers }: Config): Problem | undefined => {
  for (const [name, runner] of Object.entries(runners)) {
    if (!isOfKind(runner, 'model')) continue;
    const found = isOfKind(runner, 'program', 'described') ? agentProblem(runner) : undefined;
    if (found) return { path: ['runners', name, ...found.path], message: found.message };
    if (runner.endpoint === undefined) continue;
    const message = unfitEndpoint(runner, runner.endpoint, endpoints);
    if (message !== undefined) return { path: ['runners', name, 'endpoint'], message };
  }
  for (const [type, name] of Object.entries(routing.default)) {
    if (name === undefined) continue;
    const path = ['routing', 'default', type];
    const runner = runners[name];
    if (!runner) return { path, message: missing('runner', name, Object.keys(runners)) };
    if (isOfKind(runner, 'model') === (type === 'command')) {
      return {
        path,
        message: `names ${name}, of kind ${runner.kind}, which cannot do tasks of type ${type}`,
      };
    }
  }
  const unfit = ruleProblem(routing.rules, runners, endpoints) ?? ladderProblem(routing.escalate, runners);
  if (unfit !== undefined) return unfit;
  return workers.min > workers.max
    ? { path: ['workers', 'min'], message: `is ${workers.min}, more than workers.max (${workers.max})` }
    : undefined;
};

const unfitEndpoint = (
  { kind }: RunnerWith<'model'>,
  name: string,
  endpoints: Config['endpoints'],
): string | undefined => {
  const endpoint = endpoints[name];
  if (!endpoint) return missing('endpoint', name, Object.keys(endpoints));
  const { server } = RUNNER_KINDS[kind];
  return server === 'any' || endpoint.kind === server
    ? undefined
    : `names ${name}, of kind ${endpoint.kind}; this runner needs one of kind ${server}`;
};

const ruleProblem = (
  rules: Config['routing']['rules'],
  runners: Config['runners'],
  endpoints: Config['endpoints'],
): Problem | undefined => {
  for (const [index, { if: wanted, then, continue: goesOn }] of rules.entries()) {
    const at = ['routing', 'rules', index];
    if (Object.keys(then).length === 0) return { path: [...at, 'then'], message: 'says nothing' };
    const atEndpoint = [...at, 'then', 'endpoint'];
    if (then.endpoint !== undefined && then.runner === undefined) {
      return { path: atEndpoint, message: 'needs a runner beside it: say then.runner too' };
    }
    if (goesOn === true && (then.runner ?? then.model) !== undefined) {
      const message = 'is for rules that only add conditions; this one chooses a runner or model';
      return { path: [...at, 'continue'], message };
    }
    if (then.runner === undefined) continue;
    const path = [...at, 'then', 'runner'];
    const runner = runners[then.runner];
    if (!runner) return { path, message: missing('runner', then.runner, Object.keys(runners)) };
    const hasModel = isOfKind(runner, 'model');
    if (hasModel === (wanted.type === 'command')) {
      const needs = hasModel ? 'if.type must not be command' : 'if.type must be command';
      return { path, message: `names ${then.runner}, of kind ${runner.kind}: ${needs}` };
    }
    if (then.endpoint === undefined) continue;
    if (!isOfKind(runner, 'model')) return { path: atEndpoint, message: 'is nothing that a program has' };
    const message = unfitEndpoint(runner, then.endpoint, endpoints);
    if (message !== undefined) return { path: atEndpoint, message };
  }
  return undefined;
};

const ladderProblem = (steps: readonly string[], runners: Config['runners']): Problem | undefined => {
  for (const [index, name] of steps.entries()) {
    const path = ['routing', 'escalate', index];
    if (name === HAND_BACK) {
      if (index < steps.length - 1)
        return { path, message: `${HAND_BACK} is the last step, and others follow` };
      continue;
    }
    const runner = runners[name];
    if (runner === undefined)
      return { path, message: missing('runner', name, [...Object.keys(runners), HAND_BACK]) };
    if (!isOfKind(runner, 'model')) return { path, message: `names ${name}, which no model runs` };
    if (steps.indexOf(name) < index) return { path, message: `names ${name} a second time` };
  }
  return undefined;
};

const missing = (what: string, name: string, known: readonly string[]): string => {
  const guess = nearest(name, known);
  const advice = guess ? `Did you mean "${guess}"?` : `There is ${known.join(', ') || 'none'}.`;
  return `names ${what} "${name}", which does not exist. ${advice}`;
};
