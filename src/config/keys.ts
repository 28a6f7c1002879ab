/** Dotted keys (`workers.max`) of plain data. Names in a config hold no dots, so a dotted key is exact. */

/** Every value that is not a group of further keys, by its dotted key. Lists and empty groups are values. */
export const leavesOf = (content: unknown): Map<string, unknown> => {
  const leaves = new Map<string, unknown>();
  const visit = (value: unknown, path: readonly string[]) => {
    const entries = isGroup(value) ? Object.entries(value).filter(([, inner]) => inner !== undefined) : [];
    if (path.length > 0 && entries.length === 0) leaves.set(path.join('.'), value);
    for (const [key, inner] of entries) visit(inner, [...path, key]);
  };
  visit(content, []);
  return leaves;
};

export const valueAt = (content: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) =>
      isGroup(value) || Array.isArray(value)
        ? Object.getOwnPropertyDescriptor(value, step)?.value
        : undefined,
    content,
  );

/** Sets a value in place, making the groups on the way. */
export const setAt = (content: Record<string, unknown>, path: readonly string[], value: unknown): void => {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    content[key] = value;
    return;
  }
  const inner = content[key];
  const group = isGroup(inner) ? inner : {};
  content[key] = group;
  setAt(group, rest, value);
};

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
