/**
 * As Promise.all, but it ends when all have ended, with the first error in their order: nothing goes on, or makes files, behind
 * the back of a caller that has had its answer.
 */
export const allEnded = async <T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> => {
  await Promise.allSettled(promises);
  return Promise.all(promises);
};
