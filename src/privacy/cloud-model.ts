/** Names of models that an Ollama runs on its maker's servers, though it answers on loopback itself. Pure. */
export const isCloudModel = (name: string): boolean => /[-:]cloud(?::latest)?$/i.test(name.trim());
