/** Reads what `codex exec --json` prints. Pure. What it does not know is passed over: newer versions say more. */
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
  /** A warning, or an error that Codex may get over. */
  trouble?: string;
  /** A command of the model that failed, with its last words. */
  failedCommand?: string;
}

/** A call of the model that Codex did not carry out: no event tells of it, only a line among the errors. */
export const refusedCall = (line: string): string | undefined =>
  /\bERROR codex_core::tools::router: error=(.*)$/.exec(line)?.[1];

type Fields = Record<string, unknown>;

/** Lines, of what a command printed. */
const SHOWN_LINES = 20;
const SHOWN_LETTERS = 2000;
const SHOWN_WORDS = 200;

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
      return { trouble: messageIn(event), log: `error: ${messageIn(event)}` };
    case 'item.completed':
      return isObject(event['item']) ? itemEvent(event['item']) : {};
    default:
      return {};
  }
};

const itemEvent = (item: Fields): CodexEvent => {
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
      return KNOWN_WARNING.test(message) ? {} : { trouble: message, log: `warning: ${message}` };
    }
    default:
      return {};
  }
};

const commandEvent = (item: Fields): CodexEvent => {
  const exit = item['exit_code'];
  const command = plainCommand(textOf(item['command']));
  const lines = textOf(item['aggregated_output']).trimEnd().split('\n');
  const shown = lines.slice(-SHOWN_LINES).join('\n').slice(-SHOWN_LETTERS);
  const ended = exit === 0 ? '' : `\n[${typeof exit === 'number' ? `exit ${exit}` : textOf(item['status'])}]`;
  const log = `$ ${command}${shown === '' ? '' : `\n${shown}`}${ended}`;
  if (exit === 0) return { log };
  const words = lines.at(-1)?.slice(-SHOWN_WORDS) ?? '';
  return { log, failedCommand: `${command.slice(0, SHOWN_WORDS)}${words === '' ? '' : `: ${words}`}` };
};

/** Without the shell that Codex puts around it. */
const plainCommand = (command: string): string => {
  const inner = /^\S*sh -l?c (?:'([\s\S]*)'|"([\s\S]*)"|(\S+))$/.exec(command);
  return inner?.[1]?.replaceAll(`'\\''`, `'`) ?? inner?.[2] ?? inner?.[3] ?? command;
};

const SIGNS: Readonly<Record<string, string>> = { add: '+', delete: '-', update: '~' };

const changeLog = (item: Fields): string => {
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

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectOf = (text: string): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
