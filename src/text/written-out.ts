/** Of a pattern of names, what stands before the first part with a wildcard; brackets may be those of a name. */
export const writtenOut = (pattern: string): string => {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?]/.test(part));
  return first === -1 ? pattern : `${parts.slice(0, first).join('/')}${first === 0 ? '.' : '/'}`;
};
