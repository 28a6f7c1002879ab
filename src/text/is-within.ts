/** Whether a path is a folder or lies below it. Both absolute and without `..`. Pure. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '/' || path.startsWith(`${folder}/`);
