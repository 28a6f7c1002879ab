/** How the output of an agent CLI is read, by what its entry in agent.yaml says of it. Pure. */
import { type ErrorCode, isErrorCode } from '../../errors.ts';
import type { Usage } from '../../task/record.ts';
import { parseModest } from '../../text/formats/json.ts';

/** Paths into an event (`part.reason`), each with the value that stands there. */
type EventShape = Readonly<Record<string, string | number | boolean>>;

export interface OutputRules {
  output: {
    stdout?: true | undefined;
    last_line?: true | undefined;
    json?: string | undefined;
    jsonl?: { event: EventShape; path: string } | undefined;
    file?: true | undefined;
  };
  ends_with?: EventShape | undefined;
  failure?: { event: EventShape; path: string } | undefined;
  success: Readonly<Record<string, unknown>>;
  usage?: { event?: EventShape | undefined; input: string; output: string } | undefined;
}

/** What one run printed, as far as its entry asks for it. */
export interface Reading {
  /** The result; undefined where the output has none. */
  text: string | undefined;
  /** Something of the form that was configured was there. */
  readable: boolean;
  /** What ends the output was seen; true where nothing is configured to end it. */
  ended: boolean;
  /** What was not as `success` or `failure` say. */
  fault: Fault | undefined;
  usage: Usage | null;
}

export interface Fault {
  code: ErrorCode;
  /** The end of a sentence that begins with the program's name. */
  words: string;
}

/** The value at `a.0.b`; undefined where there is none. */
const valueAtPath = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, step) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return undefined;
    return (inner as Record<string, unknown>)[step];
  }, value);

/** Takes the lines of the output one by one and keeps what matters, so that its length does not. */
export class OutputReader {
  readonly #rules: OutputRules;
  #text: string | undefined;
  #readable = false;
  #end: unknown;
  #failure: string | undefined;
  #usage: Usage | null = null;

  constructor(rules: OutputRules) {
    this.#rules = rules;
  }

  take(line: string): void {
    if (line.trim() === '') return;
    const { output } = this.#rules;
    if (output.last_line) {
      this.#readable = true;
      this.#text = line.trim();
    } else if (output.jsonl) {
      const event = parsed(line);
      if (event !== undefined) this.#takeEvent(event);
    }
  }

  /** The whole output in one piece, for `json`: programs also print a line or two before their document. */
  takeWhole(text: string): void {
    const path = this.#rules.output.json ?? '';
    const document = parsed(text) ?? parsed(lastLineOf(text));
    if (document === undefined) return;
    this.#readable = true;
    this.#text = textOf(valueAtPath(document, path));
    this.#end = document;
    this.#count(document);
  }

  get reading(): Reading {
    const { output, ends_with, success } = this.#rules;
    const judged = output.json !== undefined || ends_with !== undefined;
    const ended = !judged || this.#end !== undefined;
    return {
      text: this.#text,
      readable: this.#readable,
      ended,
      fault: this.#fault ?? (ended ? unmet(success, this.#end) : undefined),
      usage: this.#usage,
    };
  }

  get #fault(): Fault | undefined {
    return this.#failure === undefined
      ? undefined
      : { code: 'exit_nonzero', words: `failed: ${this.#failure}` };
  }

  #takeEvent(event: unknown): void {
    const { output, ends_with, failure, usage } = this.#rules;
    this.#readable = true;
    if (output.jsonl && fits(event, output.jsonl.event)) {
      this.#text = textOf(valueAtPath(event, output.jsonl.path)) ?? this.#text;
    }
    if (ends_with && fits(event, ends_with)) this.#end = event;
    if (failure && fits(event, failure.event)) {
      this.#failure = textOf(valueAtPath(event, failure.path)) ?? 'it does not say why';
    }
    if (usage?.event && fits(event, usage.event)) this.#count(event);
  }

  #count(value: unknown): void {
    const { usage } = this.#rules;
    if (usage === undefined) return;
    const add = (before: number | null | undefined, path: string): number | null => {
      const count = valueAtPath(value, path);
      return typeof count === 'number' ? (before ?? 0) + count : (before ?? null);
    };
    this.#usage = {
      input_tokens: add(this.#usage?.input_tokens, usage.input),
      output_tokens: add(this.#usage?.output_tokens, usage.output),
    };
  }
}

const lastLineOf = (text: string): string => {
  const whole = text.trimEnd();
  return whole.slice(whole.lastIndexOf('\n') + 1);
};

const parsed = (text: string): object | undefined => {
  const value = parseModest(text);
  return typeof value === 'object' && value !== null ? value : undefined;
};

const textOf = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const fits = (event: unknown, shape: EventShape): boolean =>
  Object.entries(shape).every(([path, wanted]) => valueAtPath(event, path) === wanted);

/** The first condition that does not hold. */
const unmet = (success: Readonly<Record<string, unknown>>, document: unknown): Fault | undefined => {
  for (const [path, condition] of Object.entries(success)) {
    const { wanted, code } = conditionOf(condition);
    const found = valueAtPath(document, path);
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      return { code, words: `says ${path}: ${short(found)}, where ${short(wanted)} is success` };
    }
  }
  return undefined;
};

const conditionOf = (condition: unknown): { wanted: unknown; code: ErrorCode } => {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) {
    return { wanted: condition, code: 'exit_nonzero' };
  }
  const { is, code } = condition as { is?: unknown; code?: unknown };
  return { wanted: is, code: isErrorCode(String(code)) ? (code as ErrorCode) : 'exit_nonzero' };
};

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
};

/** Words with which programs say that they cannot go on without a person. */
const PERSON =
  /not (a|an|connected to a) (tty|terminal)|(requires?|needs?|without) (a|an) (interactive )?(tty|terminal)|raw mode is not supported|not logged in|not authenticated|please (run \/?login|log ?in|sign in|authenticate)|log ?in (is )?required|must (log|sign) in|invalid api key|(do you|you) trust (this|the)|trust (this|the files in this) (folder|directory|workspace)/i;

export const asksForPerson = (words: string): boolean => PERSON.test(words);

/** Whether a line ends as a question does that waits for what is typed behind it. */
export const isQuestion = (line: string): boolean =>
  asksForPerson(line) || /(\?|\[y\/n\]|\(y\/n\)|password:|press enter.*)\s*$/i.test(line);
