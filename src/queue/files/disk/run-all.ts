/** Does all of it even when one thing fails, so that one bad entry holds nothing else up; then throws the first error. */
export const each = async (actions: readonly (() => Promise<unknown>)[]): Promise<void> => {
  const errors: unknown[] = [];
  for (const action of actions) {
    try {
      await action();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
};
