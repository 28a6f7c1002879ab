/** Documents of what runs printed and changed. */
import * as z from 'zod/mini';

const path = z.string();
const paths = z.array(path);

export const LogDocument = z.strictObject({
  task_id: z.string(),
  attempt: z.number(),
  stream: z
    .enum(['log', 'stdout', 'stderr'])
    .check(z.describe('log: all that a model printed; of a command the other two.')),
  text: z.string().check(z.describe('A piece: lines may begin and end within it.')),
});
export type LogDocument = z.infer<typeof LogDocument>;

export const DiffDocument = z.strictObject({
  task_id: z.string(),
  patch: z.string(),
  patch_path: z.nullable(path).check(z.describe('Absolute; null where it lies in no file.')),
});
export type DiffDocument = z.infer<typeof DiffDocument>;

export const ApplyDocument = z.strictObject({
  task_id: z.string(),
  result: z
    .enum(['applied', 'conflict', 'dirty'])
    .check(z.describe('conflict, dirty: because of `files`; nothing was changed.')),
  files: paths.check(z.describe('Relative to the top of the repository.')),
  repository: path,
  branch: z.string(),
  worktree_kept: z.boolean().check(z.describe('Whether the worktree is still there; its branch always is.')),
  only_there: paths.check(
    z.describe('Expected files that git ignores: they lie in the worktree alone. Absolute.'),
  ),
  notes: z.array(z.string()).check(z.describe('What has to be known of files that came over, or did not.')),
});
export type ApplyDocument = z.infer<typeof ApplyDocument>;

export const DiscardDocument = z.strictObject({
  task_id: z.string(),
  result: z.literal('discarded'),
  branch: z.string(),
});
export type DiscardDocument = z.infer<typeof DiscardDocument>;
