import { posix } from 'node:path';
import {
  COMPOSITION,
  COMPOSITION_ROOT,
  DOORS,
  EVERYWHERE,
  HOME_DOORS,
  LAYERS,
  PROGRAM_STARTERS,
} from './layers.ts';

/** Path below src, with its text. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  from: string;
  /** A path below src, or the name of a package. */
  to: string;
}

export function violations(sources: Sources): string[] {
  const imports = [...sources].flatMap(([from, text]) => importsOf(from, text));
  return [
    ...imports.flatMap((each) => layering(each)),
    ...imports
      .filter(({ from, to }) => to === 'execa' && !['process', 'git'].includes(folderOf(from)))
      .map(({ from }) => `${from} imports execa: only src/process and src/git start programs`),
    ...[...sources]
      .filter(([from, text]) => !/^(config|cli)\//.test(from) && readsEnvironment(text))
      .map(([from]) => `${from} reads process.env: only src/config and src/cli do`),
    ...[...sources]
      .filter(([from, text]) => !HOME_DOORS.includes(from) && /\bfindHome\b/.test(withoutComments(text)))
      .map(([from]) => `${from} looks for a home: only app/open-home.ts does, and judges whose it is`),
    ...[...sources]
      .filter(
        ([from, text]) => !PROGRAM_STARTERS.test(from) && /\bstartProgram\b/.test(withoutComments(text)),
      )
      .map(([from]) => `${from} starts a program itself: runners and checks do it through an executor`),
    ...cycles(imports).map((cycle) => `cycle: ${cycle.join(' -> ')}`),
  ];
}

function layering({ from, to }: Import): string[] {
  if (!to.endsWith('.ts')) return [];
  const [left, right] = [folderOf(from), folderOf(to)];
  if (COMPOSITION.includes(to) && left !== right) {
    return COMPOSITION_ROOT.test(from) ? [] : [`${from} imports ${to}: only src/app and the library do`];
  }
  if (left === right || EVERYWHERE.includes(right)) return [];
  if (!LAYERS[left]) return [`${left} has no place in the order of layers (test/architecture/layers.ts)`];
  if (!LAYERS[left].includes(right)) return [`${from} imports ${to}: ${left} may not know ${right}`];
  const door = DOORS[right];
  return door && to !== door ? [`${from} imports ${to}: only ${door} is seen from outside`] : [];
}

function importsOf(from: string, text: string): Import[] {
  const code = withoutComments(text);
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\b[^'";]*?\bfrom\s*(['"])(.+?)\1/gm),
    ...code.matchAll(/^\s*import\s*(['"])(.+?)\1/gm),
    ...code.matchAll(/\bimport\(\s*(['"])(.+?)\1/g),
  ];
  return found.map(([, , specifier = '']) => ({
    from,
    to: specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier,
  }));
}

function readsEnvironment(text: string): boolean {
  return /\bprocess\s*\.\s*env\b|from 'node:process'/.test(withoutComments(text));
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
}

function folderOf(file: string): string {
  return file.split('/', 1)[0] ?? file;
}

/** One cycle for each import that closes one, the first file named again at the end. */
function cycles(imports: readonly Import[]): string[][] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (file: string, path: string[]) => {
    const at = path.indexOf(file);
    if (at !== -1) found.push([...path.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
