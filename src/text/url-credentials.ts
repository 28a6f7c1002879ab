/** Whether a URL holds `user@` or `user:password@`: such a key would stand in the config, in errors and in outcomes. Pure. */
export const hasCredentials = (url: string): boolean => {
  const authority = url.replace(/^[^:/?#]*:\/\//, '').split(/[/\\?#]/, 1)[0] ?? '';
  return authority.includes('@');
};
