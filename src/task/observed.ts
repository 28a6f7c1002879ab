import type { ErrorInfo } from '../errors.ts';

/** How a model server ended its answer, in its own words where it gave any. */
export interface StreamEnd {
  /** `whole`: of its own accord. `cut`: at a limit. `call`: it called a tool. `other`: for a reason of the server. */
  kind: 'whole' | 'cut' | 'call' | 'other';
  said: string | null;
}

/** What a runner saw of its run, for `verify/` to judge: the two do not know each other. */
export interface Observed {
  /** The runner's own terminal event was seen (Ollama's `done: true`, an exit status). */
  terminal: boolean;
  /** How the answer ended; null: not a model server's. */
  end: StreamEnd | null;
  /** Tokens of the prompt as the server counted them; null or 0 where it did not say. */
  promptTokens: number | null;
  /** The bytes that were sent as prompt (messages, without the protocol around them); null: not a model. */
  promptBytes: number | null;
  /** Fewer tokens than these mean that the server did not read all of the prompt; absent: estimated from its bytes. */
  leastTokens?: number;
  /** Text the model thought but did not answer with. */
  thinking: string | null;
  /** The answer came through another machine (`remote_host`). */
  remoteHost: string | null;
  /**
   * What went wrong on the way, in a sentence. Where files were to change and none did it is the reason; an agent that
   * got around it has done its work all the same. Its code is `no_evidence` where it is no more than a note.
   */
  trouble?: ErrorInfo | null;
}
