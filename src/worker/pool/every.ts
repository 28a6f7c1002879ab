/** A tick that takes longer than its interval (a slow disk) must not pile up. `action` never rejects. */
export const every = (ms: number, action: () => Promise<void>): NodeJS.Timeout => {
  let running = false;
  return setInterval(() => {
    if (running) return;
    running = true;
    void action().finally(() => {
      running = false;
    });
  }, ms);
};
