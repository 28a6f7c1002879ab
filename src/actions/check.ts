/** One thing doctor looked at. */
export interface Check {
  name: string;
  ok: boolean;
  message: string;
  /** What to do; also where nothing is wrong but something is worth doing. */
  cure: string | null;
}
