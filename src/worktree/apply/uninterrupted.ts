/** That a terminal, or a shutdown, does not end this process in the middle of a few steps that belong together. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What asks the process to end is passed over meanwhile. */
export const uninterrupted = async <T>(act: () => Promise<T>): Promise<T> => {
  const pass = (): void => undefined;
  for (const name of SIGNALS) process.on(name, pass);
  try {
    return await act();
  } finally {
    for (const name of SIGNALS) process.off(name, pass);
  }
};
