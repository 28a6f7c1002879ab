/**
 * Refs by which a repository gives an object another content (`git replace`): every git follows them in silence, so that the
 * user's next checkout would write files that no commit shows. Those that came with a run are renamed to where git follows none.
 */
import { type ErrorInfo, errorInfo } from '../errors.ts';
import { unlikelyName } from '../names/unlikely-name.ts';
import { type GitPlace, git, gitOutput } from '../process/git.ts';
import { named } from '../text/named.ts';

const REPLACED = 'refs/replace/';

export class Replacements {
  readonly #place: GitPlace;
  readonly #before: ReadonlyMap<string, string>;

  private constructor(place: GitPlace, before: ReadonlyMap<string, string>) {
    this.#place = place;
    this.#before = before;
  }

  /** null: no repository lies around the folder. `place`: without an own git folder. */
  static async begin(place: GitPlace): Promise<Replacements | null> {
    const before = await replacedIn(place);
    return before === undefined ? null : new Replacements(place, before);
  }

  /** The objects that came to be replaced. May be called again. Throws KoubouError where git cannot rename the refs. */
  async setAside(): Promise<string[]> {
    const now = (await replacedIn(this.#place)) ?? new Map<string, string>();
    const came = [...now].filter(([name, id]) => this.#before.get(name) !== id);
    const aside = unlikelyName('refs/koubou-aside-');
    for (const [name, id] of came) {
      await gitOutput(this.#place, ['update-ref', `${aside}/${name.slice(REPLACED.length)}`, id]);
      const before = this.#before.get(name);
      // It was the user's, with another content.
      const words = before === undefined ? ['update-ref', '-d', name, id] : ['update-ref', name, before, id];
      await gitOutput(this.#place, words);
    }
    return came.map(([name]) => name.slice(REPLACED.length));
  }
}

/** Names with what they stand for; undefined: git finds no repository, or cannot list its refs. */
const replacedIn = async (place: GitPlace): Promise<Map<string, string> | undefined> => {
  const listed = await git(place, ['for-each-ref', '--format=%(refname) %(objectname)', REPLACED]);
  if (listed.code !== 0) return undefined;
  const lines = listed.stdout.toString('latin1').split('\n').filter(Boolean);
  return new Map(lines.map((line) => line.split(' ') as [string, string]));
};

export const judgeReplaced = (objects: readonly string[]): { error: ErrorInfo; feedback: string } | null =>
  objects.length === 0
    ? null
    : {
        error: errorInfo(
          'repository_lost',
          `The run had git take another content for objects of the repository: ${named(objects, 3)}.`,
          'Nothing is lost: the refs lie below refs/koubou-aside-… now, where git follows none (`git for-each-ref`).',
        ),
        feedback: 'Replace no objects of the repository (`git replace`).',
      };
