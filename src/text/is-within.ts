/** Whether a path is a folder or lies below it. Both absolute and without `..`. Pure. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '/' || path.startsWith(`${folder}/`);

/** Whether one of two paths lies in the other, or they are the same. */
export const meets = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a);

/** The closest of these folders that `path` is or lies in; undefined: none. As many steps as the path has parts. */
export const closestAround = (path: string, folders: ReadonlySet<string>): string | undefined => {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    if (folders.has(at)) return at;
    if (at === '/') return undefined;
  }
};
