/** Whatever a run made of repositories that the user's next git would follow: set aside, and the run has failed. */
import type { ErrorInfo } from '../errors.ts';
import type { GitPlace } from '../process/git.ts';
import { named } from '../text/named.ts';
import { judgeNested, type NestedAsked, NestedRepositories } from './nested.ts';
import { judgeObjects, Objects } from './objects.ts';
import { judgeReplaced, Replacements } from './replacements.ts';

export interface SetAside {
  /** For the log. */
  notes: string[];
  /** null: there was nothing of the kind. */
  wanting: { error: ErrorInfo; feedback: string } | null;
}

export class Repositories {
  readonly #nested: NestedRepositories;
  readonly #replaced: Replacements | null;
  readonly #objects: Objects | null;

  private constructor(nested: NestedRepositories, replaced: Replacements | null, objects: Objects | null) {
    this.#nested = nested;
    this.#replaced = replaced;
    this.#objects = objects;
  }

  /** `folder`: absolute and real. */
  static async begin(
    folder: string,
    { environment, ...asked }: NestedAsked & Pick<GitPlace, 'environment'>,
  ): Promise<Repositories> {
    const nested = await NestedRepositories.begin(folder, asked);
    const place = { folder, environment };
    return new Repositories(nested, await Replacements.begin(place), await Objects.begin(place));
  }

  /** May be called again. */
  async setAside(): Promise<SetAside> {
    const came = await this.#nested.setAside();
    const objects = await this.#objects?.judge();
    const replaced = (await this.#replaced?.setAside()) ?? [];
    return {
      notes: [
        ...(came.names.length > 0
          ? [`set aside the repositories that came with the run: ${named(came.names)}`]
          : []),
        ...(replaced.length > 0 ? [`set aside what the run had git replace: ${named(replaced)}`] : []),
        ...(objects?.notes ?? []),
      ],
      wanting: judgeNested(came) ?? judgeObjects(objects?.forged ?? []) ?? judgeReplaced(replaced),
    };
  }
}
