/** Where variables say that programs keep keys and logins: a table beside that of their usual places. Pure. */
import { isAbsolute, join, normalize } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is hidden of the place that it names; `''`: the place itself. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  // keys and logins of systems and services
  GNUPGHOME: [''],
  SSH_AUTH_SOCK: [''],
  AWS_SHARED_CREDENTIALS_FILE: [''],
  AWS_CONFIG_FILE: [''],
  AWS_WEB_IDENTITY_TOKEN_FILE: [''],
  AZURE_CONFIG_DIR: [''],
  CLOUDSDK_CONFIG: [''],
  GOOGLE_APPLICATION_CREDENTIALS: [''],
  OCI_CLI_CONFIG_FILE: [''],
  KUBECONFIG: [''],
  DOCKER_CONFIG: [''],
  REGISTRY_AUTH_FILE: [''],
  CREDENTIALS_DIRECTORY: [''],
  NETRC: [''],
  GH_CONFIG_DIR: [''],
  GLAB_CONFIG_DIR: [''],
  HELM_CONFIG_HOME: [''],
  HELM_REGISTRY_CONFIG: [''],
  TF_CLI_CONFIG_FILE: [''],
  PULUMI_HOME: ['credentials.json'],
  VAULT_CONFIG_PATH: [''],
  ANSIBLE_VAULT_PASSWORD_FILE: [''],
  SOPS_AGE_KEY_FILE: [''],
  RCLONE_CONFIG: [''],
  BOTO_CONFIG: [''],
  DATABRICKS_CONFIG_FILE: [''],
  KAGGLE_CONFIG_DIR: [''],
  HF_HOME: ['token', 'stored_tokens'],
  HF_TOKEN_PATH: [''],
  KRB5CCNAME: [''],
  KRB5_KTNAME: [''],
  KRB5_CLIENT_KTNAME: [''],
  DOCKER_CERT_PATH: [''],
  TALOSCONFIG: [''],
  DBT_PROFILES_DIR: ['profiles.yml'],
  SNOWFLAKE_HOME: [''],
  PULUMI_CREDENTIALS_PATH: [''],
  WGETRC: [''],
  CURL_HOME: ['.curlrc'],
  // of package registries
  NPM_CONFIG_USERCONFIG: [''],
  NPM_CONFIG_GLOBALCONFIG: [''],
  PIP_CONFIG_FILE: [''],
  CARGO_HOME: ['credentials', 'credentials.toml'],
  BUNDLE_USER_HOME: ['config'],
  BUNDLE_USER_CONFIG: [''],
  COMPOSER_HOME: ['auth.json'],
  GRADLE_USER_HOME: ['gradle.properties'],
  // of databases
  PGPASSFILE: [''],
  PGSERVICEFILE: [''],
  MYSQL_TEST_LOGIN_FILE: [''],
  // password stores, the session, and what was typed
  PASSWORD_STORE_DIR: [''],
  BITWARDENCLI_APPDATA_DIR: [''],
  OP_CONFIG_DIR: [''],
  XAUTHORITY: [''],
  ICEAUTHORITY: [''],
  HISTFILE: [''],
  LESSHISTFILE: [''],
  MYSQL_HISTFILE: [''],
  NODE_REPL_HISTORY: [''],
  PSQL_HISTORY: [''],
  PYTHON_HISTORY: [''],
  SQLITE_HISTORY: [''],
  // agent CLIs
  CLAUDE_CONFIG_DIR: [''],
  CODEX_HOME: [''],
  COPILOT_HOME: [''],
};

/** Of an environment, the variables that name such places. */
export const namingVariables = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => isKnown(nameOf(name))));

const isKnown = (name: string): boolean => name in VARIABLES || name in BASES || name === TOLD;

/** npm reads its own in small letters, too. */
const nameOf = (variable: string): string =>
  variable.startsWith('npm_') ? variable.toUpperCase() : variable;

/** In whose names a value may hold several. */
const LISTS: ReadonlySet<string> = new Set(['KUBECONFIG']);

/** Under these names programs look for what is in the home folder elsewhere. */
const BASES: Readonly<Record<string, string>> = {
  XDG_CONFIG_HOME: '.config/',
  XDG_DATA_HOME: '.local/share/',
  XDG_STATE_HOME: '.local/state/',
  XDG_CACHE_HOME: '.cache/',
};

/** What a worker is told by who started it, as a list in JSON: it hides more, and shows nothing. */
export const TOLD = 'KOUBOU_HIDES';
const MOST_TOLD = 200;

/**
 * `names`: the table of what lies in the home folder. `home`: the folder that `~` stands for. `spared`: variables to
 * ignore. A variable that names the home itself, or a folder above it, is ignored too.
 */
export const namedSecrets = (
  environment: Environment,
  { names, home, spared = [] }: { names: readonly string[]; home: string; spared?: readonly string[] },
): string[] => {
  const found: string[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    const known = nameOf(variable);
    if (value === undefined || spared.includes(known)) continue;
    const within = VARIABLES[known];
    const base = BASES[known];
    const places = placesIn(value, LISTS.has(known), home);
    if (within !== undefined)
      found.push(...places.flatMap((place) => within.map((name) => normalize(join(place, name)))));
    else if (base !== undefined)
      found.push(
        ...places.flatMap((place) =>
          names.filter((name) => name.startsWith(base)).map((name) => join(place, name.slice(base.length))),
        ),
      );
    else if (known === TOLD) found.push(...told(value));
  }
  return [...new Set(found.map(withoutSlash))].filter(
    (path) => path !== '/' && !DEVICES.test(path) && !`${home}/`.startsWith(`${path}/`),
  );
};

const DEVICES = /^\/(dev|proc|sys)(\/|$)/;

/** As Kerberos has it, a kind may stand before it. */
const placesIn = (value: string, isList: boolean, home: string): string[] =>
  (isList ? value.split(':') : [value])
    .map((each) => each.replace(/^(FILE|DIR|WRFILE):/, '').replace(/^~(?=\/)/, home))
    .filter(isAbsolute)
    .map(normalize);

const withoutSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);

const told = (value: string): string[] => {
  try {
    const list: unknown = JSON.parse(value);
    if (!Array.isArray(list)) return [];
    return list.filter((each) => typeof each === 'string' && isAbsolute(each)).slice(0, MOST_TOLD);
  } catch {
    return [];
  }
};
