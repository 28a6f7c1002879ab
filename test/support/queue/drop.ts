/** The plainest way from a dropped file to a task; refuses what runs programs, as the real one does. */
import { KoubouError } from '../../../src/errors.ts';
import type { DraftFromDrop } from '../../../src/queue/files/add/import-dropped.ts';
import { newTask } from '../builders.ts';

export const draftFromDrop: DraftFromDrop = (fields, prompt) => {
  if (fields.type === 'command') throw new KoubouError('not_allowed', 'a dropped file may not run a command');
  const text = prompt ?? fields.prompt;
  if (typeof text !== 'string' || text === '') throw new KoubouError('usage', 'it has no prompt');
  return newTask({
    prompt: text,
    created_by: 'file',
    ...(typeof fields.priority === 'number' ? { priority: fields.priority } : {}),
    ...(typeof fields.key === 'string' ? { key: fields.key } : {}),
  });
};
