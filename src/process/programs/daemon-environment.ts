/**
 * The environment of a daemon that an agent's command starts. The daemon outlives the session, and works for people and
 * other sessions too: what is not known to be needed is left out, so that no token of the session comes along under
 * whatever name. Pure.
 */

/** What the programs and Node.js itself need. */
const SYSTEM =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+|TZ|NO_COLOR|XDG_STATE_HOME|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS)$/;

/** What koubou reads itself, and an agent may say: none of them says where prompts go. */
const SETTINGS = new Set([
  'AGENT_TIMEOUT',
  'KOUBOU_LOG_LEVEL',
  'MAX_WORKERS',
  'OLLAMA_NUM_GPU',
  'WORKER_HEARTBEAT_INTERVAL',
  'WORKER_ID',
]);

/** `named`: variables that the config names (api_key_env of endpoints, security.env_pass). */
export const daemonEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
  named: readonly string[],
): Record<string, string | undefined> => {
  const wanted = new Set(named);
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => SYSTEM.test(name) || SETTINGS.has(name) || wanted.has(name),
    ),
  );
};
