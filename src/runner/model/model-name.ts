/** Ollama's names: without a tag, `latest` is meant. */
export const sameModel = (one: string, other: string): boolean => withTag(one) === withTag(other);

const withTag = (name: string): string => (name.includes(':') ? name : `${name}:latest`);
