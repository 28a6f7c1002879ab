/**
 * An address of the server itself, where `url` is that of its OpenAI API. Made of the parsed url, as the client that sends the
 * prompt makes its own: of the text alone, a query or a dot segment would lead the two to different addresses. Pure.
 */
export const besideV1 = (url: string, path: string): string => {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}${path}`;
  return address.href;
};
