import { systemCode } from '../../../errors.ts';

/**
 * What a worker took into its folder and has to put back. What cannot be put back now is put back by a later call: nobody
 * else looks into a living worker's folder.
 */
export class PendingReturns<T> {
  readonly #pending = new Map<string, T>();

  get size(): number {
    return this.#pending.size;
  }

  /** `name`: by which it lies in the worker's folder. */
  add(name: string, item: T): void {
    this.#pending.set(name, item);
  }

  /** Drops each entry for which `putOneBack` resolves to true. Throws errors other than system errors. */
  async putBack(putOneBack: (item: T) => Promise<boolean>): Promise<void> {
    for (const [name, item] of this.#pending) {
      try {
        if (await putOneBack(item)) this.#pending.delete(name);
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
      }
    }
  }
}
