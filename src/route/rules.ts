/* oxlint-disable unicorn/no-thenable -- the word of the config; nobody awaits a rule */
/** The rules of routing.rules: which of them hold for a task, and what they say together. Pure. */

import type { TaskType } from '../task/fields/types.ts';
import type { TaskFile } from '../task/record.ts';

export interface Conditions {
  type?: TaskType | undefined;
  /** All of them. */
  label?: Readonly<Record<string, string>> | undefined;
  /** Both ends included. */
  priority?: { min: number; max: number } | undefined;
  tokens_over?: number | undefined;
  tokens_under?: number | undefined;
  sensitive?: boolean | undefined;
  caller?: string | undefined;
}

/** What a rule says. Its endpoint has become part of the runner's name (config/rule-runners.ts). */
export interface Consequences {
  runner?: string | undefined;
  model?: string | undefined;
  /** Seconds; 0 is no limit. */
  timeout?: number | undefined;
  retries?: number | undefined;
  local_only?: boolean | undefined;
}

export interface Rule {
  if: Conditions;
  then: Consequences;
  /** Whether the rules after it are looked at too. By default where it only keeps a task local. */
  continue?: boolean | undefined;
}

/** What rules look at. */
export type Ruled = Pick<TaskFile, 'type' | 'prompt' | 'labels' | 'priority' | 'sensitive' | 'created_by'>;

export interface Considered {
  /** routing.rules[0] */
  rule: string;
  /** null: not looked at, since an earlier one had decided. */
  matched: boolean | null;
  /** The conditions that hold, or the first that does not. */
  why: string;
}

export interface Ruling {
  /** What the rules that matched say; the first to say a thing is heard. */
  then: Consequences;
  /** The rules that matched, with their conditions; null where none did. */
  why: string | null;
  considered: Considered[];
}

/** Models differ by a factor of two; a rule needs one number that is the same for all of them. */
const BYTES_A_TOKEN = 4;

const roughTokens = (prompt: string, fileBytes: number): number =>
  Math.ceil((Buffer.byteLength(prompt) + fileBytes) / BYTES_A_TOKEN);

/** `fileBytes`: the attached files together. */
export const applyRules = (rules: readonly Rule[], task: Ruled, fileBytes: number): Ruling => {
  const tokens = roughTokens(task.prompt, fileBytes);
  const considered: Considered[] = [];
  const reasons: string[] = [];
  let then: Consequences = {};
  let decided = false;
  for (const [index, rule] of rules.entries()) {
    const name = `routing.rules[${index}]`;
    if (decided) {
      considered.push({ rule: name, matched: null, why: 'an earlier rule had decided' });
      continue;
    }
    const why = unmet(rule, task, tokens);
    if (why !== null) {
      considered.push({ rule: name, matched: false, why });
      continue;
    }
    const held = conditionsOf(rule.if);
    considered.push({ rule: name, matched: true, why: held });
    reasons.push(`${name}: ${held}`);
    then = { ...said(rule.then), ...then };
    decided = !goesOn(rule);
  }
  return { then, why: reasons.length === 0 ? null : reasons.join('; '), considered };
};

/** Whether the rules after this one count too. */
export const goesOn = (rule: Rule): boolean => {
  const keys = Object.keys(said(rule.then));
  return rule.continue ?? (keys.length > 0 && keys.every((key) => key === 'local_only'));
};

const said = (then: Consequences): Consequences =>
  Object.fromEntries(Object.entries(then).filter(([, value]) => value !== undefined));

/** The first condition that does not hold, in words; null where all do. */
const unmet = ({ if: wanted, then }: Rule, task: Ruled, tokens: number): string | null => {
  const { type, label, priority, tokens_over: over, tokens_under: under, sensitive, caller } = wanted;
  if (type !== undefined && task.type !== type) return `its type is ${task.type}, not ${type}`;
  // No model can run a program: only a rule that speaks of commands chooses for them.
  if (task.type === 'command' && type !== 'command' && (then.runner ?? then.model) !== undefined) {
    return 'it is a command, and the rule chooses a runner or model without type: command';
  }
  for (const [key, value] of Object.entries(label ?? {})) {
    const has = Object.hasOwn(task.labels, key) ? task.labels[key] : undefined;
    if (has === undefined) return `it has no label ${key}`;
    if (has !== value) return `its label ${key} is ${has}, not ${value}`;
  }
  if (priority !== undefined && (task.priority < priority.min || task.priority > priority.max)) {
    return `its priority is ${task.priority}, not ${range(priority)}`;
  }
  if (over !== undefined && tokens <= over) return `about ${tokens} tokens are not over ${over}`;
  if (under !== undefined && tokens >= under) return `about ${tokens} tokens are not under ${under}`;
  if (sensitive !== undefined && task.sensitive !== sensitive) {
    return task.sensitive ? 'it is sensitive' : 'it is not sensitive';
  }
  if (caller !== undefined && task.created_by !== caller)
    return `its caller is ${task.created_by}, not ${caller}`;
  return null;
};

const conditionsOf = (wanted: Conditions): string => {
  const { type, label, priority, tokens_over: over, tokens_under: under, sensitive, caller } = wanted;
  const words = [
    type === undefined ? [] : `type ${type}`,
    Object.entries(label ?? {}).map(([key, value]) => `label ${key}=${value}`),
    priority === undefined ? [] : `priority ${range(priority)}`,
    over === undefined ? [] : `over ${over} tokens`,
    under === undefined ? [] : `under ${under} tokens`,
    sensitive === undefined ? [] : sensitive ? 'sensitive' : 'not sensitive',
    caller === undefined ? [] : `caller ${caller}`,
  ].flat();
  return words.join(', ') || 'every task';
};

const range = ({ min, max }: { min: number; max: number }): string =>
  min === max ? `${min}` : `${min}..${max}`;
