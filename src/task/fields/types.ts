/** The words by which a type of task may be asked for. Each is one of the three types, often with a template. */

export const TASK_TYPES = ['general', 'code', 'command'] as const;
export type TaskType = (typeof TASK_TYPES)[number];

interface Kind {
  type: TaskType;
  /** A prompt template that suits it; undefined: the one that the type has by itself. */
  template?: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  general: { type: 'general' },
  code: { type: 'code' },
  command: { type: 'command' },
  code_generation: { type: 'code' },
  refactoring: { type: 'code' },
  testing: { type: 'code' },
  test_generation: { type: 'code' },
  debugging: { type: 'code' },
  bug_fix: { type: 'code' },
  code_review: { type: 'general' },
  review: { type: 'general' },
  analysis: { type: 'general' },
  research: { type: 'general' },
  explanation: { type: 'general', template: 'explain' },
  documentation: { type: 'general', template: 'document' },
  translation: { type: 'general', template: 'translate' },
  summarization: { type: 'general', template: 'summarize' },
};

/** `code-generation` and `Code_Generation` are the same word. undefined for one that nobody knows. */
export const kindOf = (written: string): Kind | undefined => {
  const word = written.trim().toLowerCase().replaceAll('-', '_');
  return Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
};

export const typeNames = (): string[] => Object.keys(KINDS);

export const shortTypeList = (): string => TASK_TYPES.join(', ');
