/** What is no evidence, in words for the log. Pure. */
import { named } from '../../text/named.ts';
import type { Since } from './since.ts';

export const filterNotes = (filtered: readonly string[]): string[] =>
  filtered.length > 0
    ? [`git would put these through a filter, and koubou runs none: ${named(filtered)}`]
    : [];

export const notesOf = ({ hidden, hiddenBounded, repositories, unread }: Since): string[] => {
  const notes: string[] = [];
  if (hidden.length > 0) {
    const shown = hidden.map(({ root, count, example }) =>
      count <= 1 ? example : `${root}/ (${count} files, as ${example})`,
    );
    notes.push(`changed while the run went on, though no diff shows it, as git ignores it: ${named(shown)}`);
  }
  if (hiddenBounded) notes.push('git ignores so many files that not all of them were looked at');
  if (repositories.length > 0) {
    notes.push(
      `changed in repositories of their own, of which nothing is taken over: ${named(repositories)}`,
    );
  }
  if (unread.length > 0) notes.push(`cannot be looked at any more: ${named(unread)}`);
  return notes;
};
