import type { Node } from 'typescript/unstable/ast';
import { isFunctionLikeDeclaration } from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

export interface FunctionSize {
  file: string;
  /** Where it begins, from 1. */
  line: number;
  /** From its first to its last, what is nested in it as well. */
  lines: number;
}

const CONFIG = '/tsconfig.json';
/** Only parsed: no types are looked for, and no other files. */
const OPTIONS = { noLib: true, noResolve: true, types: [], allowImportingTsExtensions: true, noEmit: true };

/** Every function, method and accessor of `sources` (path below src, with its text), as TypeScript's own parser sees them. */
export function functionsIn(sources: ReadonlyMap<string, string>): FunctionSize[] {
  const files = Object.fromEntries([...sources].map(([name, text]) => [`/src/${name}`, text]));
  const config = JSON.stringify({ compilerOptions: OPTIONS, files: Object.keys(files) });
  const api = new API({ cwd: '/', fs: createVirtualFileSystem({ ...files, [CONFIG]: config }) });
  try {
    const project = api.updateSnapshot({ openProjects: [CONFIG] }).getProject(CONFIG);
    return [...sources.keys()].flatMap((file) => {
      const source = project?.program.getSourceFile(`/src/${file}`);
      if (source === undefined) throw new Error(`TypeScript has no src/${file}`);
      const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
      const found: FunctionSize[] = [];
      const visit = (node: Node): void => {
        if (isFunctionLikeDeclaration(node)) {
          const line = lineOf(node.getStart(source));
          found.push({ file, line, lines: lineOf(node.end) - line + 1 });
        }
        node.forEachChild(visit);
      };
      visit(source);
      return found;
    });
  } finally {
    api.close();
  }
}
