/**
 * Whether an answer holds code: for a runner that cannot write files, the only evidence that a code task
 * was done. Pure.
 */

const FENCED = /^(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^\1\s*$/gm;
const UNIFIED_DIFF = /^--- .+\n\+\+\+ .+\n@@ .+@@/m;
const GIT_DIFF = /^diff --git .+\n/m;
const PATCH = /^\*\*\* Begin Patch\s*$/m;

/** A fenced block that is not empty, or a patch. */
export const holdsCode = (text: string): boolean => {
  if (UNIFIED_DIFF.test(text) || GIT_DIFF.test(text) || PATCH.test(text)) return true;
  for (const [, , content] of text.matchAll(FENCED)) if (content?.trim()) return true;
  return false;
};
