/** One task, for reading. Pure. */
import type { TaskDocument } from '../../actions/documents/task.ts';
import type { Attempt } from '../../task/record.ts';
import { harmless, oneLine } from '../../text/harmless.ts';
import { fit, type Screen } from './screen.ts';
import { relative, secondsSince, span } from './time.ts';
import { shortWorker, stateColour, stateWord } from './words.ts';

export const renderRecord = (record: TaskDocument, screen: Screen, nowMs: number): string => {
  const facts = [...factsOf(record, nowMs)]
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [oneLine(name), value] as const);
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => {
    const room = screen.columns - width - 2;
    const shown = fit(oneLine(value), room, screen);
    const painted = name === 'status' ? screen.paint(stateColour(record), shown) : shown;
    return `${screen.paint('dim', name.padEnd(width))}  ${painted}`;
  });
  return [
    [screen.paint('bold', record.task_id), ...lines],
    attemptLines(record.attempts, screen),
    block('prompt', record.prompt, screen, cutRemark(record.prompt, record.prompt_bytes)),
    errorLines(record, screen),
    outputLines(record, screen),
  ]
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
};

function* factsOf(record: TaskDocument, nowMs: number): Generator<[name: string, value: string]> {
  const { options, result } = record;
  const running =
    record.status === 'in_progress' && record.waiting !== 'worker' ? record.attempts.at(-1) : undefined;
  const seconds = secondsSince(running?.started_at, nowMs);
  yield ['status', `${stateWord(record)}${seconds === null ? '' : ` for ${span(seconds)}`}`];
  if (record.waiting === 'worker') {
    const worker = shortWorker(record.attempts.at(-1)?.worker_id ?? 'its worker');
    yield [
      'worker',
      `${worker} is not heard from; the task goes back a minute after another daemon starts (koubou work --detach), unless it is heard again`,
    ];
  }
  yield ['due', record.due_at === null ? '' : `${record.due_at} (${relative(record.due_at, nowMs)})`];
  yield ['waits for', [...record.after, ...record.after_any].join(', ')];
  yield ['type', record.type];
  yield ['command', record.command.join(' ')];
  yield ['priority', record.priority === 5 ? '' : String(record.priority)];
  yield ['created', `${record.created_at} (${relative(record.created_at, nowMs)}) by ${record.created_by}`];
  if (result !== null) yield ['ended', `${record.updated_at} (${relative(record.updated_at, nowMs)})`];
  yield ['took', result === null || result.duration === null ? '' : span(result.duration)];
  yield ['folder', record.cwd];
  yield ['files', record.files.map(({ path }) => path).join(', ')];
  yield [
    'labels',
    Object.entries(record.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(', '),
  ];
  yield ['key', record.key ?? ''];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    yield [name, typeof value === 'string' ? value : JSON.stringify(value)];
  }
  yield ['result', result?.output_path ?? ''];
}

/** Only where there was more than one, or what happened is not told by the result. */
const attemptLines = (attempts: readonly Attempt[], screen: Screen): string[] => {
  if (attempts.length === 0) return [];
  const lines = attempts.map((attempt) => {
    const { started_at, ended_at, error } = attempt;
    const took =
      started_at !== null && ended_at !== null ? secondsSince(started_at, Date.parse(ended_at)) : null;
    const parts = [
      `${attempt.attempt}.`,
      attempt.outcome === null ? 'running' : (error?.code ?? 'success'),
      took === null ? '' : `in ${span(took)}`,
      attempt.worker_id === null ? '' : `by ${shortWorker(attempt.worker_id)}`,
      [attempt.runner, attempt.model].filter((word) => word !== null).join(' '),
      tokens(attempt),
      attempt.route ?? attempt.evidence ?? '',
    ];
    return fit(`  ${oneLine(parts.filter((part) => part !== '').join('  '))}`, screen.columns, screen);
  });
  return [screen.paint('dim', 'attempts'), ...lines];
};

const tokens = ({ usage }: Attempt): string => {
  if (usage === null) return '';
  const { input_tokens: counted, output_tokens: out, prompt } = usage;
  const cache = prompt?.without_cache ? ' without what it had before' : '';
  const ways = { tokenizer: ', by its tokenizer', sample: ', by a sample', estimate: '' };
  const by = ways[prompt?.by ?? 'estimate'];
  const least = prompt === undefined ? '' : ` (at least ${prompt.least}${cache}${by})`;
  return `${counted ?? '?'} tokens in${least}, ${out ?? '?'} out`;
};

const errorLines = ({ result }: TaskDocument, screen: Screen): string[] => {
  const error = result?.error;
  if (!error) return [];
  return [screen.paint('red', error.code), ...indented(error.message), ...indented(error.hint)];
};

const outputLines = ({ task_id, result, withheld }: TaskDocument, screen: Screen): string[] => {
  if (result === null || result.output_bytes === null || withheld === true) return [];
  if (result.output === null) {
    const where = result.output_path ?? `\`koubou result ${task_id}\``;
    return [screen.paint('dim', 'output'), `  It is no text, or too long to show: see ${where}`];
  }
  return block('output', result.output, screen, cutRemark(result.output, result.output_bytes));
};

const cutRemark = (shown: string, bytes: number | null | undefined): string =>
  bytes && bytes > new TextEncoder().encode(shown).length
    ? ` (the beginning of ${bytes} bytes; --full shows all)`
    : '';

const block = (title: string, text: string, screen: Screen, remark: string): string[] =>
  text === '' ? [] : [`${screen.paint('dim', title)}${remark}`, ...indented(text)];

const indented = (text: string): string[] =>
  harmless(text)
    .replace(/\n+$/, '')
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`));
