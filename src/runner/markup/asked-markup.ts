/** Families of tags that hold thoughts, and what of a model's markup a prompt asks for: that is no markup. Pure. */
import { THINK_NAME, THOUGHTS, type ThoughtFamily } from './thought-table.ts';

/** Prompts that ask for an answer with tags of its own. */
const ASKS_FOR_TAGS = /\b(?:xml|html|tags?|elements?)\b/i;
/** Prompts that ask for an answer with control tokens. */
const ASKS_FOR_TOKENS =
  /<\|\w+\|>|\b(?:special|control|stop|eos|bos) tokens?\b|\bchat templates?\b|\bchatml\b|\bjinja/i;

export class AskedMarkup {
  /** The prompt speaks of control tokens. */
  readonly tokens: boolean;
  readonly #asked: string;

  constructor(asked: string) {
    this.#asked = asked;
    this.tokens = ASKS_FOR_TOKENS.test(asked);
  }

  names(text: string): boolean {
    return this.#asked.includes(text);
  }

  /** Whether it names the tag, or its word where it asks for a text with tags. */
  tag(tag: string): boolean {
    if (this.names(tag)) return true;
    const word = /^<\/?(\w+)>$/.exec(tag)?.[1];
    if (word === undefined || !ASKS_FOR_TAGS.test(this.#asked)) return false;
    return new RegExp(`\\b${word}\\b`, 'i').test(this.#asked);
  }

  family({ common, open, close, plain }: ThoughtFamily): boolean {
    if (plain) return /thought process/i.test(this.#asked);
    return common && [...open, ...close].some((tag) => this.tag(tag));
  }
}

/** The family of a tag that opens or closes thoughts. */
export const familyOf = (name: string): ThoughtFamily | undefined => {
  const listed = THOUGHTS.find(({ open, close }) => open.includes(name) || close.includes(name));
  if (listed !== undefined) return listed;
  const word = /^<\/?([\w:-]+)>$/.exec(name)?.[1];
  if (word === undefined || !THINK_NAME.test(word)) return undefined;
  return { open: [`<${word}>`], close: [`</${word}>`], common: false, source: 'its name' };
};

/** The family that the tag ends, where that tells of thoughts though nothing began them. */
export const endedFamily = (name: string): ThoughtFamily | undefined => {
  const family = familyOf(name);
  return family?.close.includes(name) && !family.plain && !family.paired ? family : undefined;
};
