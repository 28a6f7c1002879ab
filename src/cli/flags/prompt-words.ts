import { KoubouError } from '../../errors.ts';
import { kindOf } from '../../task/fields/types.ts';
import type { DelegateFlags } from './delegate-flags.ts';

interface PromptFlags extends DelegateFlags {
  each?: string;
  batch?: string;
}

/**
 * The prompt, or `-` where it is to be read from stdin: only where nothing else could be meant, so that the
 * loop of a shell keeps its input. Throws `usage` for more than one.
 */
export function promptFrom(
  words: readonly string[],
  flags: PromptFlags,
  isPiped: () => boolean,
): string | undefined {
  const isCommand = kindOf(flags.type ?? 'general')?.type === 'command';
  // A program without the -- before it: what refuses a prompt there says how to write it.
  if (isCommand && flags.each === undefined && words.length > 0) return words.join(' ');
  refuseMany(words, flags.each);
  const [word] = words;
  const comesFromElsewhere =
    word !== undefined ||
    flags['prompt-file'] !== undefined ||
    flags.batch !== undefined ||
    flags.file?.includes('-') ||
    isCommand;
  return comesFromElsewhere || !isPiped() ? word : '-';
}

/** The prompt is one word of the command line; more of them mean that something was not quoted. */
function refuseMany(words: readonly string[], each: string | undefined): void {
  if (words.length <= 1) return;
  const [message, hint] =
    each === undefined
      ? [
          `There are ${words.length} prompts: ${words.slice(0, 3).map(shown).join(', ')}${words.length > 3 ? ', …' : ''}.`,
          'Put the prompt into quotes: koubou delegate "Explain this"',
        ]
      : [
          'There is more than a prompt beside --each: your shell has filled in the pattern itself.',
          `Put the pattern into quotes, as in --each 'docs/*.md'.`,
        ];
  throw new KoubouError('usage', `${message} Nothing was added.`, { hint });
}

const shown = (word: string): string => `'${word.length > 40 ? `${word.slice(0, 39)}…` : word}'`;
