/** What a runner saw of its run, for `verify/` to judge: the two do not know each other. */
export interface Observed {
  /** The runner's own terminal event was seen (Ollama's `done: true`, an exit status). */
  terminal: boolean;
  /** Why generation ended, where the runner says it: `stop`, `length`, … */
  doneReason: string | null;
  /** Tokens of the prompt as the server counted them; null or 0 where it did not say. */
  promptTokens: number | null;
  /** The bytes that were sent as prompt (messages, without the protocol around them); null: not a model. */
  promptBytes: number | null;
  /** Text the model thought but did not answer with. */
  thinking: string | null;
  /** The answer came through another machine (`remote_host`). */
  remoteHost: string | null;
  /** What went wrong on the way: told where nothing came of the run. */
  trouble?: string | null;
}
