/** Reads a file that grows, line by line, a bounded piece at a time. */
import { openOwn } from '../../names/own-file.ts';

/** What one of them holds is taken in one go, and may be a line a letter. */
const CHUNK_BYTES = 16 * 1024;

/** A longer line is passed over: what an agent must be asked about fits into much less. */
const LINE_BYTES = 8 * 1024 * 1024;

export class LineReader {
  readonly #path: string;
  #offset = 0;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #skipping = false;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Gives each whole line that came since the last call, of about `most` bytes; resolves with how many bytes came, 0
   * where nothing is left. Rejects with the signal's reason after an abort.
   */
  async read(
    take: (line: string) => void,
    { most = Number.POSITIVE_INFINITY, signal }: { most?: number; signal?: AbortSignal } = {},
  ): Promise<number> {
    const before = this.#offset;
    const file = await openOwn(this.#path, 'read');
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      while (this.#offset - before < most) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#split(buffer.subarray(0, bytesRead), take);
      }
    } finally {
      await file.close();
    }
    return this.#offset - before;
  }

  #split(bytes: Buffer, take: (line: string) => void): void {
    let from = 0;
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
      this.#add(bytes.subarray(from, at));
      this.#end(take);
      from = at + 1;
    }
    this.#add(bytes.subarray(from));
  }

  #add(bytes: Buffer): void {
    if (this.#skipping || bytes.length === 0) return;
    this.#restBytes += bytes.length;
    if (this.#restBytes > LINE_BYTES) {
      this.#skipping = true;
      this.#rest = [];
    } else {
      // The buffer is read into again.
      this.#rest.push(Buffer.from(bytes));
    }
  }

  #end(take: (line: string) => void): void {
    const line = Buffer.concat(this.#rest).toString('utf8').trim();
    this.#rest = [];
    this.#restBytes = 0;
    this.#skipping = false;
    if (line !== '') take(line);
  }
}
