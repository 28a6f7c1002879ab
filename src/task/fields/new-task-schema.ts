/** A new task as JSON Schema, for doors that tell their callers what they take. Pure. */
import { fieldRows } from './asked-task.ts';
import type { JsonSchema } from './field-types.ts';

/**
 * Draft 2020-12. Which fields have to come together (a prompt or a program) is said when the task is added: many readers of
 * such schemas know no conditions. The names are those of a line of a batch, without their aliases.
 */
export const newTaskSchema = (): JsonSchema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A new task',
  type: 'object',
  properties: Object.fromEntries(
    fieldRows().map(([name, { type, meaning, asks }]) => {
      const right = asks === undefined ? '' : `; an agent may need the right ${asks} for it`;
      return [name, { description: `${plain(meaning)}${right}`, ...type.json }];
    }),
  ),
  additionalProperties: false,
});

/** Without the links of the documents. */
const plain = (meaning: string): string => meaning.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
