/** What a part of an answer of OpenAI's chat completions says, however its server writes it. Pure. */
import type { Usage } from '../../task/record.ts';
import { countOf, isObject, type JsonObject, textOf } from '../../text/formats/json.ts';
import { calledTools } from '../connection/stream-end.ts';

export interface ChoicePart {
  answer: string;
  thinking: string;
  /** Names of the tools that it calls. */
  calls: string[];
  /** The reason of the end; null: this is not the end, or the server gives no reason. */
  end: string | null;
}

/** Reads the parts of one stream: of several choices the first that came is the answer. */
export const choiceReader = (): ((chunk: unknown) => ChoicePart) => {
  let ours: unknown;
  return (chunk) => {
    const choices =
      isObject(chunk) && Array.isArray(chunk['choices']) ? chunk['choices'].filter(isObject) : [];
    ours ??= choices[0]?.['index'];
    const choice = choices.find(({ index }) => index === ours || index == null);
    return choice === undefined ? { answer: '', thinking: '', calls: [], end: null } : partOf(choice);
  };
};

const partOf = (choice: JsonObject): ChoicePart => {
  const { delta, message, text, finish_reason: end } = choice;
  const said = [delta, message].find(isObject) ?? {};
  const content = contentOf(said['content'] ?? text);
  return {
    answer: content.answer,
    thinking: thoughtsOf(said) + content.thinking,
    calls: calledTools(said),
    end: isReason(end) ? String(end) : null,
  };
};

/**
 * SGLang and Ollama said `""` until it ended (https://github.com/sgl-project/sglang/issues/3912), KoboldCpp `"null"`
 * (https://github.com/PowerShell/AIShell/issues/350).
 */
const isReason = (end: unknown): boolean => end != null && end !== '' && end !== 'null';

/** A text, or a list of parts (https://github.com/BerriAI/litellm/issues/16272). */
const contentOf = (content: unknown): { answer: string; thinking: string } => {
  if (!Array.isArray(content)) return { answer: textOf(content), thinking: '' };
  const parts = content.filter(isObject);
  const textsOf = (wanted: readonly string[]): string =>
    parts
      .filter(({ type }) => wanted.includes(textOf(type)))
      .map(({ text, thinking, reasoning }) => plainText(text ?? thinking ?? reasoning))
      .join('');
  return { answer: textsOf(['text', 'output_text']), thinking: textsOf(['thinking', 'reasoning']) };
};

const plainText = (value: unknown): string =>
  Array.isArray(value)
    ? value
        .filter(isObject)
        .map(({ text }) => textOf(text))
        .join('')
    : textOf(value);

/** Servers differ in the name of the field; some fill two of them with the same. */
const thoughtsOf = ({
  reasoning_content: content,
  reasoning,
  thinking,
  reasoning_text: text,
}: JsonObject): string => [reasoning, content, thinking, text].map(textOf).find((each) => each !== '') ?? '';

export const usageOf = (chunk: unknown): Usage | null => {
  const usage = isObject(chunk) ? chunk['usage'] : undefined;
  return isObject(usage)
    ? { input_tokens: inputTokens(usage), output_tokens: countOf(usage['completion_tokens']) }
    : null;
};

/** The count holds what came from the cache; where it is smaller than that it does not. */
const inputTokens = ({
  prompt_tokens: counted,
  prompt_tokens_details: details,
}: JsonObject): number | null => {
  const whole = countOf(counted);
  const cached = isObject(details) ? countOf(details['cached_tokens']) : null;
  return whole !== null && cached !== null && cached > whole ? whole + cached : whole;
};
