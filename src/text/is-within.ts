/** Whether a path is a folder or lies below it. Both absolute and without `..`. Pure. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '/' || path.startsWith(`${folder}/`);

/** Whether one of two paths lies in the other, or they are the same. */
export const meets = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a);
