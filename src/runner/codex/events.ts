/** Reads what `codex exec --json` prints. Pure. What it does not know is passed over: newer versions say more. */
import type { ErrorInfo } from '../../errors.ts';
import { isObject, type JsonObject, objectOf, textOf } from '../../text/formats/json.ts';
import { failedCommand } from './calls.ts';

/** What one line says; absent is what it does not speak of. */
export interface CodexEvent {
  /** The id of the conversation. */
  session?: string;
  /** For the log: what the model said, which commands ran and how they ended, which files changed. */
  log?: string;
  /** The turn is complete, as Codex sees it. */
  completed?: true;
  /** Why the turn failed. */
  failed?: string;
  /** An error that Codex may get over, or a warning. */
  warning?: string;
  /** A command of the model that failed. */
  trouble?: ErrorInfo;
}

/** Lines, of what a command printed. */
const SHOWN_LINES = 20;
const SHOWN_LETTERS = 2000;

/** Local models never have metadata with Codex; that it says so each time tells nobody anything. */
const KNOWN_WARNING = /^Model metadata for/;

export const readCodexEvent = (line: string): CodexEvent => {
  const event = objectOf(line);
  switch (event?.['type']) {
    case 'thread.started':
      return textOf(event['thread_id']) === '' ? {} : { session: textOf(event['thread_id']) };
    case 'turn.completed':
      return { completed: true };
    case 'turn.failed':
      return { failed: messageIn(event['error']) };
    case 'error':
      return { warning: messageIn(event), log: `error: ${messageIn(event)}` };
    case 'item.completed':
      return isObject(event['item']) ? itemEvent(event['item']) : {};
    default:
      return {};
  }
};

const itemEvent = (item: JsonObject): CodexEvent => {
  switch (item['type']) {
    case 'agent_message':
      return { log: textOf(item['text']) };
    case 'reasoning':
      return { log: `(thinks) ${textOf(item['text'])}` };
    case 'command_execution':
      return commandEvent(item);
    case 'file_change':
      return { log: changeLog(item) };
    case 'mcp_tool_call':
      return { log: `tool ${textOf(item['server'])}/${textOf(item['tool'])}: ${textOf(item['status'])}` };
    case 'web_search':
      return { log: `web search: ${textOf(item['query'])}` };
    case 'error': {
      const message = messageIn(item);
      return KNOWN_WARNING.test(message) ? {} : { warning: message, log: `warning: ${message}` };
    }
    default:
      return {};
  }
};

const commandEvent = (item: JsonObject): CodexEvent => {
  const exit = item['exit_code'];
  const command = plainCommand(textOf(item['command']));
  const lines = textOf(item['aggregated_output']).trimEnd().split('\n');
  const shown = lines.slice(-SHOWN_LINES).join('\n').slice(-SHOWN_LETTERS);
  const ended = exit === 0 ? '' : `\n[${typeof exit === 'number' ? `exit ${exit}` : textOf(item['status'])}]`;
  const log = `$ ${command}${shown === '' ? '' : `\n${shown}`}${ended}`;
  return exit === 0 ? { log } : { log, trouble: failedCommand(command, lines.join('\n')) };
};

/** Without the shell that Codex puts around it. */
const plainCommand = (command: string): string => {
  const inner = /^\S*sh -l?c (?:'([\s\S]*)'|"([\s\S]*)"|(\S+))$/.exec(command);
  return inner?.[1]?.replaceAll(`'\\''`, `'`) ?? inner?.[2] ?? inner?.[3] ?? command;
};

const SIGNS: Readonly<Record<string, string>> = { add: '+', delete: '-', update: '~' };

const changeLog = (item: JsonObject): string => {
  const changes = Array.isArray(item['changes']) ? item['changes'].filter(isObject) : [];
  const files = changes.map(({ kind, path }) => `${SIGNS[textOf(kind)] ?? '~'} ${textOf(path)}`);
  const failed = item['status'] === 'failed' ? ' (failed)' : '';
  return `files changed${failed}:\n${files.join('\n')}`;
};

/** Codex hands on what a server said as JSON in its message. */
const messageIn = (value: unknown): string => {
  const message = isObject(value) ? textOf(value['message']) : textOf(value);
  const inner = objectOf(message);
  const error = inner?.['error'] ?? inner;
  const said = isObject(error) ? textOf(error['message']) : '';
  return said || message || 'it gave no reason';
};
