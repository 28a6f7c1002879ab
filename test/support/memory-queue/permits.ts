/** Who uses what is capped across all workers. */
import type { PermitRequest } from '../../../src/queue/queue.ts';

export interface Permit {
  readonly name: string;
  readonly workerId: string;
}

export class Permits {
  readonly #used = new Set<Permit>();

  /** All of them or none: undefined. */
  take(workerId: string, requests: readonly PermitRequest[]): Permit[] | undefined {
    const taken: Permit[] = [];
    for (const { name, cap } of requests) {
      if (this.#usesOf(name) >= cap) {
        this.giveBack(taken);
        return undefined;
      }
      const permit = { name, workerId };
      this.#used.add(permit);
      taken.push(permit);
    }
    return taken;
  }

  giveBack(permits: readonly Permit[]): void {
    for (const permit of permits) this.#used.delete(permit);
  }

  giveBackOf(workerId: string): void {
    this.giveBack([...this.#used].filter((permit) => permit.workerId === workerId));
  }

  #usesOf(name: string): number {
    return [...this.#used].filter((permit) => permit.name === name).length;
  }
}
